"""Which tracks an archive holds, without decoding a segment twice, and by what changes show."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import polars as pl

from audiospective.history import hot, store
from audiospective.models import Play, PlaySegment

MOST = 1_000  # segments whose tracks a process keeps, about 20 KB each

_of_segment: OrderedDict[str, pl.Series] = OrderedDict()


@dataclass(frozen=True)
class Heard:
    """Tracks of an archive, each once in order; `mark` differs whenever `tracks` may."""

    tracks: pl.Series
    mark: tuple[object, ...]


def forget() -> None:
    """Let go of everything that was kept."""
    _of_segment.clear()


def tracks(user_id: int) -> Heard:
    """Every track of somebody's archive; two small queries, and one for segments not yet seen."""
    # Rows first: what is sealed between the two queries is seen twice, never not at all.
    rows = hot.plays(user_id).select(Play.track).distinct()
    recent = sorted(track for (track,) in rows.tuples())
    digests = [
        digest
        for (digest,) in PlaySegment.select(PlaySegment.sha256)
        .where(PlaySegment.user == user_id)
        .order_by(PlaySegment.year)
        .tuples()
    ]
    known = {one: _of_segment[one] for one in digests if one in _of_segment}
    if len(known) < len(digests):
        known |= _read(user_id, known.keys())
    parts = [pl.Series("track", recent, dtype=pl.Int32)]
    for digest in digests:
        if digest in known:
            parts.append(known[digest])
            _keep(digest, known[digest])
    return Heard(pl.concat(parts).unique().sort(), (*digests, *recent))


def _read(user_id: int, known: object) -> dict[str, pl.Series]:
    found = {}
    for row in store.stored(user_id):
        if row.sha256 in known:  # type: ignore[operator]
            continue
        try:
            found[row.sha256] = store.opened(row, ["track"])["track"].unique()
        except store.DamagedSegmentError as error:
            store.set_aside(row, str(error))
    return found


def _keep(digest: str, tracks: pl.Series) -> None:
    _of_segment[digest] = tracks
    _of_segment.move_to_end(digest)
    while len(_of_segment) > MOST:
        _of_segment.popitem(last=False)
