"""Tracks that stand for one another: Spotify answers with one where another was played."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from audiospective.history import within_a_second
from audiospective.history.catalog import lookup
from audiospective.history.catalog.lookup import TrackNames
from audiospective.models import TrackLink, dialects
from audiospective.models.base import as_list, listed
from audiospective.models.plays import FROM_POLL
from audiospective.models.removed_plays import is_an_end
from audiospective.policy.plays import PolledPlay, TrackFacts

Key = tuple[int, int]  # played_at in milliseconds, track
_SECOND = 1000

_KNOWN = "SELECT spotify_id, stands_for FROM track_links WHERE spotify_id"
# One by one: SQLite would first put all of the many that a file names in order.
_KNOWN_OF_MANY = (
    "SELECT spotify_id, stands_for FROM {listed} CROSS JOIN track_links"
    " WHERE spotify_id = listed.value"
)
_AT = f"""
SELECT track_id, source & {FROM_POLL}, NULL FROM plays WHERE user_id = ? AND played_at = ?
UNION ALL SELECT track, 1, kept FROM removed_plays WHERE user_id = ? AND played_at = ?
"""  # noqa: S608 - a constant


def families(plays: Iterable[PolledPlay]) -> Mapping[str, str]:
    """Keep what plays tell of tracks that stand for others; one Spotify id for all of a family.

    By Spotify id, of the tracks of `plays`; a track that stands for no other is not in it.
    """
    told = {(play.track.spotify_id, play.linked_from) for play in plays}
    every = {one for pair in told for one in pair if one}
    known: dict[str, str] = dict(dialects.among(_KNOWN, every))
    for answered, played in sorted((a, p) for a, p in told if p):
        of_all = known.get(played) or known.get(answered) or played
        for one in {answered, played, of_all} - known.keys():
            known[one] = of_all
            TrackLink.insert(spotify_id=one, stands_for=of_all).on_conflict_ignore().execute()
    return known


def known(spotify_ids: Collection[str]) -> dict[str, str]:
    """One Spotify id for all of a family, of those ids that are in one."""
    if not spotify_ids:
        return {}
    text = _KNOWN_OF_MANY.format(listed=listed("text"))
    return dict(dialects.run(text, [as_list(spotify_ids)]).fetchall())


def known_otherwise(
    user_id: int,
    plays: Sequence[PolledPlay],
    track_ids: Mapping[str, int],
    found: Mapping[str, str],
) -> dict[Key, int | None]:
    """Keys of plays that are archived, or were deleted, under another id of their family.

    With each the track under which only files told it, None where a poll did or it was deleted.
    """
    known: dict[Key, int | None] = {}
    for play in plays:
        family = found.get(play.track.spotify_id)
        if family is None:
            continue
        track = track_ids[play.track.spotify_id]
        alike = _of_family(user_id, play.played_at, track, family)
        if alike:
            known[play.played_at, track] = None if any(alike.values()) else min(alike)
    return known


def stand_ins(plays: Sequence[tuple[Key, PolledPlay]], gone: Collection[Key]) -> set[Key]:
    """Keys of plays that came instead of another one of the same second and recording.

    `gone` are keys that polls told, or that were deleted, and that the page no longer shows. Apps
    in development mode are not told what a track stands for (`linked_from`). Who ended one
    recording twice in a second would see both.
    """
    ended: dict[int, set[Key]] = defaultdict(set)
    for key in gone:
        ended[key[0] // _SECOND].add(key)

    def near(at: int) -> list[Key]:
        some = [key for beside in (-1, 0, 1) for key in ended.get(at // _SECOND + beside, ())]
        within = [key for key in some if abs(key[0] - at) <= within_a_second.LESS]
        return sorted(within, key=lambda key: (abs(key[0] - at), key))

    doubtful = [(key, play.track) for key, play in plays if near(key[0])]
    if not doubtful:
        return set()
    named = lookup.tracks({track for (at, _), _ in doubtful for _, track in near(at)})
    found = set()
    for key, told in doubtful:
        same = next((one for one in near(key[0]) if _is_same(told, named[one[1]])), None)
        if same is not None:
            ended[same[0] // _SECOND].remove(same)
            found.add(key)
    return found


def _is_same(told: TrackFacts, known: TrackNames) -> bool:
    if told.isrc and told.isrc == known.isrc:
        return True
    makers = {artist.name.casefold() for artist in told.artists}
    same_name = bool(told.name) and told.name.casefold() == known.title.casefold()
    return same_name and not makers.isdisjoint(name.casefold() for _, name in known.artists)


def _of_family(user_id: int, played_at: int, track: int, family: str) -> dict[int, bool]:
    """The other tracks of a family at one instant, and whether a poll told of each."""
    rows = dialects.run(_AT, (user_id, played_at) * 2).fetchall()
    polled: dict[int, bool] = {}
    for other, told, kept in rows:
        if is_an_end(kept):  # else a file told that a deleted one began there
            polled[other] = polled.get(other, False) or bool(told)
    polled.pop(track, None)
    named = lookup.tracks(polled).items() if polled else ()
    ids = {number: one.spotify_id for number, one in named if one.spotify_id}
    links = dict(dialects.among(_KNOWN, set(ids.values())))
    return {number: polled[number] for number, one in ids.items() if links.get(one, one) == family}
