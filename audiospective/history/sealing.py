"""Moves plays out of the hot tail into segments, in one transaction that proves what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from audiospective.history import hot_tail, lock, reading, segment, segment_store, shown_again
from audiospective.models import Play
from audiospective.models.plays import FROM_POLL
from audiospective.policy import sealing


def seal(user_id: int, *, keep: int = sealing.KEEP, trigger: int = sealing.TRIGGER) -> int:
    """Move all but `keep` plays once there are more than `trigger`; how many moved.

    Those that Spotify may show again stay (policy.sealing.shown_again), and as a rule the newest.

    Killed at any instruction it leaves the archive as it was or as it should be. 0 also when
    somebody else is at it, or when nothing is due: doing it twice is harmless. Raises
    SegmentProofError, with nothing changed, if what was written does not read back the same, and
    YearAwayError if late plays belong into a year that cannot be read just now.
    """
    with lock.claimed(user_id) as mine:
        rows = Play.select().where(Play.user == user_id).count() if mine else 0
        if rows <= trigger:
            return 0
        return move(user_id, _oldest(user_id, sealing.moving(rows, keep), keep))


def move(user_id: int, rows: Sequence[tuple[Any, ...]]) -> int:
    """Put rows (with hot_tail.COLUMNS) into their segments and delete just them; under the lock.

    Rows that a poll stored again after their deletion are dropped. How many moved.
    """
    plays = reading.without_removed(user_id, reading.as_frame(rows))
    merge(user_id, plays)
    keys = [(int(row[0]), int(row[1])) for row in rows]
    hot_tail.delete(user_id, keys)
    return plays.height


def merge(user_id: int, plays: pl.DataFrame) -> int:
    """Merge plays into the segments of their years, each proved; under the lock; how many new."""
    new = 0
    year = pl.col("played_at").dt.year()
    for (at,), of_year in plays.group_by(year.alias("year"), maintain_order=True):
        known = segment_store.load(user_id, int(at))
        parts = [of_year] if known is None else [known, of_year]
        merged = segment.merge(parts)
        new += merged.height - (0 if known is None else known.height)
        if known is None or not merged.equals(known):
            segment_store.write(user_id, int(at), merged)
    return new


def _oldest(user_id: int, count: int, keep: int) -> list[tuple[Any, ...]]:
    """Held until the transaction ends: what a poll notes in a row counts."""
    hot_tail.hold(user_id)
    polled = (Play.user == user_id) & (Play.source.bin_and(FROM_POLL) != 0)
    newest = Play.select(Play.played_at).where(polled).order_by(Play.played_at.desc())
    ends = [int(at) for (at,) in newest.tuples()]
    moves = Play.user == user_id
    for first, last in shown_again.spans(user_id, ends, keep):
        moves &= ~(polled & Play.played_at.between(first, last))
    query = Play.select(*(getattr(Play, name) for name in hot_tail.COLUMNS))
    oldest = query.where(moves).order_by(Play.played_at, Play.track)
    return list(oldest.limit(count).tuples())
