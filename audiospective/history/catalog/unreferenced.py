"""Lets go of tracks that no archive refers to: condemned first, dropped a day later.

A poll or an import may have asked for a track and not stored its play yet. So a condemned track
loses its digest, which makes polls ask for it under the lock; whoever asks pardons it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from audiospective.history.catalog import buckets, rows, tidy
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Kind, Track
from audiospective.history.catalog.writer import Writer, writing
from audiospective.models import CondemnedTrack

WAIT = timedelta(days=1)
CHUNK = 2_000  # tracks a transaction


def condemn(unreferenced: Collection[int], now: datetime) -> int:
    """Note that nothing refers to these tracks, and that something does to all others; how many."""
    known = {track for (track,) in CondemnedTrack.select(CondemnedTrack.track).tuples()}
    rows.pardon(known - set(unreferenced))
    new = sorted(set(unreferenced) - known)
    for chunk in _chunks(new):
        with writing() as catalog:
            tracks = _loaded(catalog, chunk)
            named = {one: buckets.by_id(Kind.TRACK, track.spotify_id)
                     for one, track in tracks.items() if track.spotify_id}  # fmt: skip
            catalog.expect(named.values())
            for one, name in named.items():
                if any(found.id == one for found in catalog.find(name)):
                    catalog.name(name, one, 0)
            CondemnedTrack.insert_many({"track": one, "since": now} for one in tracks).execute()
    return len(new)


def drop(unreferenced: Collection[int], now: datetime) -> int:
    """Take away those of the tracks that have been condemned for a day; how many."""
    query = CondemnedTrack.select(CondemnedTrack.track).where(CondemnedTrack.since <= now - WAIT)
    ripe = sorted({track for (track,) in query.tuples()} & set(unreferenced))
    gone = 0
    for chunk in _chunks(ripe):
        with writing() as catalog:
            still = CondemnedTrack.select(CondemnedTrack.track).where(
                CondemnedTrack.track.in_(chunk) & (CondemnedTrack.since <= now - WAIT)
            )
            tracks = _loaded(catalog, [track for (track,) in still.tuples()])
            tidy.drop(catalog, Kind.TRACK, tracks)
            catalog.forget_twins(tracks)
            rows.pardon(chunk)
            gone += len(tracks)
    return gone


def every_track() -> Iterable[int]:
    """Ids of all tracks that there are."""
    for stored in tidy.every_block(Kind.TRACK):
        block = Block(stored.kind, stored.count, stored.numbers, stored.facts)
        yield from (stored.first + place for place, entry in enumerate(block) if entry is not None)


def next_track() -> int:
    """One more than the highest id that a track ever had."""
    return rows.state().next_id[Kind.TRACK]


def twins() -> dict[int, int]:
    """Tracks whose names came from one file, by the track with the same id that Spotify described.

    Plays that refer to them can refer to that one.
    """
    found = rows.aliases(Kind.TRACK)
    ready: dict[int, int] = {}
    for chunk in _chunks(sorted(found)):
        with writing() as catalog:
            catalog.load((Kind.TRACK, found[twin]) for twin in chunk)
            for twin in chunk:
                entry = catalog.get(Kind.TRACK, found[twin])
                if isinstance(entry, Track) and entry.described:
                    ready[twin] = found[twin]
    return ready


def _loaded(catalog: Writer, tracks: Sequence[int]) -> Mapping[int, Track]:
    catalog.load((Kind.TRACK, one) for one in tracks)
    found = {one: catalog.get(Kind.TRACK, one) for one in tracks}
    return {one: entry for one, entry in found.items() if isinstance(entry, Track)}


def _chunks(tracks: Sequence[int]) -> Iterable[Sequence[int]]:
    return (tracks[start : start + CHUNK] for start in range(0, len(tracks), CHUNK))
