"""When somebody listens: days of a year, hours of a day and of a week, months of a life.

`by_*` count plays of any frame; the others add up the amounts of prepared plays
(stats.prepared_plays).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from audiospective.stats import prepared_plays, zones


def by_day(plays: pl.DataFrame, zone: str, first: date, last: date) -> list[tuple[date, int]]:
    """Plays of every day from `first` to `last`, days without any included."""
    counts = dict(_count(zones.dates(plays, zone)))
    span = range((last - first).days + 1)
    return [(day, counts.get(day, 0)) for day in (first + timedelta(days=n) for n in span)]


def by_hour(plays: pl.DataFrame, zone: str) -> list[int]:
    """The listening clock: plays by hour of the day, 24 numbers from midnight on."""
    counts = dict(_count(zones.local(plays, zone).dt.hour()))
    return [counts.get(hour, 0) for hour in range(24)]


def days(plays: pl.DataFrame) -> dict[date, int]:
    """The amount of every day with plays."""
    # Grouping puts the pieces of every column together, needed or not: 50 MB of a million plays.
    return dict(plays.select("day", "amount").group_by("day").agg(pl.col("amount").sum()).rows())


def hours(plays: pl.DataFrame, first: date, last: date) -> list[int]:
    """The amount of each hour of the day, on the days from `first` to `last`; 24 numbers."""
    return [sum(day[hour] for day in week_hours(plays, first, last)) for hour in range(24)]


def week_hours(plays: pl.DataFrame, first: date, last: date) -> list[list[int]]:
    """The amount of each hour of the week: seven rows, Monday first, of 24 numbers."""
    local = pl.col("local").dt
    sums = (
        prepared_plays.within(plays, first, last)
        .select("amount", at=local.weekday().cast(pl.Int16) * 24 + local.hour())
        .group_by("at")
        .agg(pl.col("amount").sum())
    )
    grid = [[0] * 24 for _ in range(7)]
    for at, amount in sums.rows():
        grid[at // 24 - 1][at % 24] = amount
    return grid


def _count(values: pl.Series) -> list[tuple[Any, int]]:
    return values.alias("value").value_counts().rows()
