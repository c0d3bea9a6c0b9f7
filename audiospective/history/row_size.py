"""What plays would cost as rows, measured: the same columns and key, in this very database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import SQL

from audiospective.history import bulk_add, hot_tail, reading, segment
from audiospective.models import Play, PlaySegment, row_trial

ENOUGH = 20_000  # plays; with fewer, half-empty pages would count too much
_COLUMNS = (
    "user_id int, played_at bigint, track_id int, source smallint, ms_played int, context text,"
    " flags smallint, reason_start text, reason_end text, platform text, country text,"
    " import_id int, timing smallint, seen int, PRIMARY KEY (user_id, played_at, track_id)"
)


def sample(plays: int = ENOUGH) -> list[tuple[Any, ...]]:
    """About so many of the newest stored plays as full rows (user, then hot_tail.COLUMNS)."""
    rows: dict[tuple[int, int, int], tuple[Any, ...]] = {}
    columns = (PlaySegment.user, PlaySegment.first_at, PlaySegment.last_at)
    newest = PlaySegment.select(*columns).order_by(PlaySegment.last_at.desc(), PlaySegment.user)
    for user_id, first, last in newest.tuples().iterator():
        found = bulk_add.as_rows(reading.between(user_id, first, last + 1, segment.COLUMNS))
        told = ((user_id, *(row[name] for name in hot_tail.COLUMNS)) for row in found)
        rows |= {row[:3]: row for row in told}
        if len(rows) >= plays:
            break
    if len(rows) < plays:
        stored = (Play.user, *(getattr(Play, name) for name in hot_tail.COLUMNS))
        query = Play.select(*stored).order_by(SQL("1, 2")).limit(plays)
        rows |= {row[:3]: row for row in query.tuples()}
    return sorted(list(rows.values())[:plays], key=lambda row: row[:3])


def row_cost(rows: Sequence[tuple[Any, ...]]) -> float:
    """Bytes that each of these rows takes in a table of its own, the key's index included."""
    return row_trial.tried_out(_COLUMNS, rows) / len(rows) if rows else 0.0
