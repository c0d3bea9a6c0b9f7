"""Fills a scratch database with archives, the way imports do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from audiospective import clock, history
from audiospective.bench.listening import TODAY, Catalog, listen
from audiospective.bench.scratch import member
from audiospective.history import segment
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT
from audiospective.policy.timing import Timing


def archive(catalog: Catalog, number: int, plays: int, years: float, *, full: bool) -> int:
    """A member with so many plays; the id.

    As people have them: the last year polled and found again in an export (every column, times in
    milliseconds), the years before from the export alone (no context, whole seconds). `full`
    makes all plays like the last year's: the worst case for size.
    """
    user_id = member(number)
    fill(catalog, user_id, plays, years, full=full)
    return user_id


def fill(catalog: Catalog, user_id: int, plays: int, years: float, *, full: bool) -> None:
    """Give an existing member so many plays."""
    history.absorb(user_id, frame(catalog, user_id, plays, TODAY, years, full=full))


def frame(
    catalog: Catalog, number: int, plays: int, end: datetime, years: float, *, full: bool
) -> pl.DataFrame:
    """The plays of one listener as an import brings them."""
    rows: list[tuple[Any, ...]] = []
    polled_from = 0 if full else clock.to_ms(end - timedelta(days=365))
    heard = list(listen(catalog, number, plays, end, years))
    # So many plays a day take longer than there is time: they begin earlier instead.
    late = max(0, heard[-1].played_at - clock.to_ms(end))
    for one in heard:
        ended = one.played_at - late
        polled = ended >= polled_from
        rows.append(
            (
                ended if polled else -(-ended // 1000) * 1000,
                one.track + 1,
                FROM_BOTH if polled else FROM_IMPORT,
                one.ms_played,
                one.context if polled else None,
                one.reason_start,
                one.reason_end,
                one.shuffle,
                one.skipped,
                one.offline,
                one.incognito,
                one.platform,
                one.country,
                1,
                None if polled else Timing.END_SECOND,
                1,
            )
        )
    schema = {**segment.SCHEMA, "played_at": pl.Int64()}
    made = pl.DataFrame(_columns(rows), schema=schema).cast(segment.SCHEMA)
    return made.unique(segment.KEY, keep="first")


def _columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return dict(zip(segment.COLUMNS, zip(*rows, strict=True), strict=True))
