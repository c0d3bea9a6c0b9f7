"""Which plays are sent on to another server, and which of them only look new."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from audiospective.policy.recording_titles import base_title

WINDOW = 35 * 86_400_000  # ms; a device that was offline longer cannot have played from Spotify
MOVED = 20 * 60_000  # ms that a play may move when another source tells of it better
APART = 1_000  # ms; keys that would be equal are moved apart by less
SETTLED = 2 * 3_600_000  # ms after which a poll would have told of what a player sent
NAMED = 5  # letters by which a program may be told in the name of a server
OWN_NAME = "audiospective"  # what we call ourselves where we send

Key = tuple[int, int]  # played_at in ms, track


@dataclass(frozen=True)
class Candidate:
    """A play of the window; `platform` is the program that sent it, where one did."""

    key: Key
    polled: bool
    live: bool
    platform: str | None


def goes(play: Candidate, host: str, now: int, *, players: bool) -> bool:
    """Whether a play is to be sent to the server at `host`.

    What came from that very server, or from an archive like this one, does not go back. `players`:
    the member wants what players sent to go on as well; it waits until a poll would have told of
    it, so that it is sent once.
    """
    said = (play.platform or "").lower()
    theirs = host in said or (len(said) >= NAMED and said in host)
    if play.live and (OWN_NAME in said or theirs):
        return False
    if play.live and "listenbrainz" in said and "listenbrainz" in host:
        return False
    if play.polled:
        return True
    return play.live and players and play.key[0] <= now - SETTLED


def moved(
    vanished: Sequence[Key],
    new: Sequence[Candidate],
    deleted: Collection[Key] = (),
    titles: Mapping[int, str] | None = None,
    lengths: Mapping[int, int] | None = None,
) -> Mapping[Key, Key]:
    """Which new plays are sent ones under another key: {old key: new key}, one to one.

    A play gets another time when a poll tells of what a player sent, and another track when two
    entries of the catalog turn out to be one. So does one that was `deleted` after it was sent.
    `titles` of tracks tell plays apart that lie next to each other: without what names an issue,
    since players leave out what Spotify adds. So do their `lengths` (ms): a player tells when a
    play began, and of a song on repeat the play before ended nearer to that.
    """
    known = {track: base_title(title) for track, title in (titles or {}).items()}
    stones = [Candidate(key, polled=True, live=True, platform=None) for key in deleted]
    found: dict[Key, Key] = {}
    taken: set[Key] = set()
    by_new, by_stones = (_Near(among, known, lengths or {}, taken) for among in (new, stones))
    for near, how in (
        (by_new, _SENT_ALIKE),
        (by_stones, _SENT_ALIKE),
        (by_new, _SAME),
        (by_new, _SENT),
        (by_stones, _SENT),
    ):
        for old in vanished:
            one = None if old in found else near.to(old, how)
            if one is not None:
                found[old] = one
                taken.add(one)
    return found


_Name = tuple[str, int | str | None]  # of a line: what its plays have in common
# Only what a player sent gets another time, but for the milliseconds that keep keys apart.
_SENT_ALIKE, _SAME, _SENT = ("sent at", "sent track", "title"), ("at", "track"), ("any",)
_REACH = {"track": APART}  # ms; all others MOVED


class _Near:
    """Finds the play next to a sent one that may be it, without a look at all others.

    `how` names the lines that are looked at: plays of that instant, of that track or of that
    title, the latter only of those that a player sent, or any that a poll told as well. The nearest
    one is that in whose time the sent one lies, from its beginning, as far as known, to its key.
    What gets `taken` is passed over.
    """

    def __init__(
        self,
        among: Sequence[Candidate],
        titles: Mapping[int, str],
        lengths: Mapping[int, int],
        taken: AbstractSet[Key],
    ) -> None:
        self._titles, self._lengths = titles, lengths
        lines: dict[_Name, list[Key]] = defaultdict(list)
        for one in among:
            at, track = one.key
            of: list[_Name] = [("at", at), ("track", track)]
            if one.live:
                of += [("sent at", at), ("sent track", track), ("title", titles.get(track))]
            if one.live and one.polled:
                of.append(("any", None))
            for name in of:
                lines[name].append(one.key)
        self._lines = {name: _Line(keys, taken) for name, keys in lines.items()}

    def to(self, old: Key, how: Sequence[str]) -> Key | None:
        at, track = old
        title = self._titles.get(track)
        wanted = {"at": at, "track": track, "sent at": at, "sent track": track, "title": title}
        near = []
        for kind in how:
            line = self._lines.get((kind, wanted.get(kind)))
            if line is None or (kind == "title" and not title):
                continue
            for key in line.beside(at):
                begun = key[0] - (0 if how is _SAME else self._lengths.get(key[1], 0))
                apart = max(begun - at, at - key[0], 0)
                if apart <= _REACH.get(kind, MOVED):
                    near.append((apart, abs(key[0] - at), key))
        return min(near)[2] if near else None


class _Line:
    """Keys in order, each with the next one on either side that is not taken, as far as known."""

    def __init__(self, keys: Sequence[Key], taken: AbstractSet[Key]) -> None:
        self._keys, self._taken = sorted(keys), taken
        self._ways = {step: list(range(len(keys))) for step in (-1, 1)}

    def beside(self, at: int) -> list[Key]:
        """The nearest keys before an instant and from then on; of one instant the first track's."""
        place = bisect_left(self._keys, (at,))
        before, after = self._free(place - 1, -1), self._free(place, 1)
        if before is not None:
            first = bisect_left(self._keys, (self._keys[before][0],))
            before = self._free(first, 1)
        return [self._keys[one] for one in (before, after) if one is not None]

    def _free(self, place: int, step: int) -> int | None:
        way, passed = self._ways[step], []
        while 0 <= place < len(way) and (way[place] != place or self._keys[place] in self._taken):
            passed.append(place)
            place = way[place] if way[place] != place else place + step
        for one in passed:  # so that nobody walks this way again
            way[one] = place
        return place if 0 <= place < len(way) else None


def vanished(sent: AbstractSet[Key], there: AbstractSet[Key]) -> list[Key]:
    """Keys of plays that were sent and are no longer in the archive, in order."""
    return sorted(sent - there)
