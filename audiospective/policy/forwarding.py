"""Which plays are sent on to another server, and which of them only look new."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from audiospective.policy.recording_titles import base_title

WINDOW = 35 * 86_400_000  # ms; a device that was offline longer cannot have played from Spotify
MOVED = 20 * 60_000  # ms that a play may move when another source tells of it better
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
) -> Mapping[Key, Key]:
    """Which new plays are sent ones under another key: {old key: new key}, one to one.

    A play gets another time when a poll tells of what a player sent, and another track when two
    entries of the catalog turn out to be one. So does one that was `deleted` after it was sent.
    `titles` of tracks tell plays apart that lie next to each other: without what names an issue,
    since players leave out what Spotify adds.
    """
    known = {track: base_title(title) for track, title in (titles or {}).items()}
    stones = [Candidate(key, polled=True, live=True, platform=None) for key in deleted]
    found: dict[Key, Key] = {}
    taken: set[Key] = set()
    for alike, among in ((True, new), (True, stones), (False, new), (False, stones)):
        for old in vanished:
            near = [
                (abs(one.key[0] - old[0]), one.key)
                for one in among
                if old not in found and one.key not in taken and _may_be(old, one)
                if not alike or _is_alike(old, one.key, known)
            ]
            if near:
                found[old] = min(near)[1]
                taken.add(found[old])
    return found


def _may_be(old: Key, one: Candidate) -> bool:
    same = one.key[0] == old[0] or one.key[1] == old[1]
    return abs(one.key[0] - old[0]) <= MOVED and (same or (one.live and one.polled))


def _is_alike(old: Key, new: Key, titles: Mapping[int, str]) -> bool:
    named = titles.get(old[1])
    same_name = named is not None and named == titles.get(new[1])
    return old[0] == new[0] or old[1] == new[1] or same_name


def vanished(sent: AbstractSet[Key], there: AbstractSet[Key]) -> list[Key]:
    """Keys of plays that were sent and are no longer in the archive, in order."""
    return sorted(sent - there)
