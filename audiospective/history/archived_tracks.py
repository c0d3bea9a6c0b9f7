"""Which tracks an archive holds, without decoding a segment twice."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from audiospective.history import one_look, segment_store
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.stats import cache

_of_segment = cache.Part(cache.shared, "tracks of segments")


def tracks(user_id: int) -> pl.Series:
    """Every track of somebody's archive, in order.

    One small query, and one for segments that were not seen before.
    """
    for _ in range(one_look.TRIES):
        recent, digests = one_look.tracks(user_id)
        kept = {one: _of_segment.get(one) for one in digests}
        known: dict[str, pl.Series] = {one: own for one, own in kept.items() if own is not None}
        if len(known) == len(digests):
            break
        there, read = _read(user_id, known.keys())
        known |= read
        if there == set(digests):  # else segments changed since, and rows with them
            break
    parts = [pl.Series("track", recent, dtype=pl.Int32)]
    for digest in digests:
        if digest in known:
            parts.append(known[digest])
    return pl.concat(parts).unique().sort()


def known(sha256: str) -> pl.Series | None:
    """The tracks of a segment, if it was looked into before."""
    found: pl.Series | None = _of_segment.get(sha256)
    return found


def _read(user_id: int, known: Collection[str]) -> tuple[set[str], dict[str, pl.Series]]:
    """The hashes of all segments now, and the tracks of those that are sound and not known."""
    found = {}
    stored = segment_store.stored(user_id)
    for row in segment_store.fetched(stored):
        if row.sha256 in known:
            continue
        try:
            found[row.sha256] = segment_store.opened(row, ["track"])["track"].unique()
            _of_segment.put(row.sha256, found[row.sha256])
        except segment_store.DamagedSegmentError as error:
            segment_store.set_aside(row, str(error))
        except YearAwayError as error:
            away.tolerate(error)
    return {row.sha256 for row in stored}, found
