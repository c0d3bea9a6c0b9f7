"""Single days: the longest one, and the same date in earlier years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats.prepared_plays import within


@dataclass(frozen=True)
class Day:
    """A day and what was heard most on it; `heard` in milliseconds."""

    day: date
    plays: int
    heard: int
    track: int
    artist: int | None


def longest(plays: pl.DataFrame, first: date, last: date) -> Day | None:
    """The day from `first` to `last` on which most time was heard, of equals the earliest."""
    own = within(plays, first, last)
    if own.is_empty():
        return None
    sums = own.select("day", "heard").group_by("day").agg(pl.col("heard").sum(), plays=pl.len())
    best = sums.sort(["heard", "plays", "day"], descending=[True, True, False])["day"][0]
    return _day(own.filter(pl.col("day") == best))


def on_this_day(plays: pl.DataFrame, today: date) -> list[Day]:
    """The same date in earlier years, latest first; 29 February has its day every fourth year."""
    same = plays.filter(
        (pl.col("day").dt.month() == today.month)
        & (pl.col("day").dt.day() == today.day)
        & (pl.col("day") < today)
    )
    days = same["day"].unique().sort(descending=True).to_list()
    return [_day(same.filter(pl.col("day") == day)) for day in days]


def _day(own: pl.DataFrame) -> Day:
    tracks = own.group_by("track").agg(
        pl.col("amount").sum(), pl.col("artist").first(), first=pl.col("played_at").min()
    )
    most = tracks.sort(["amount", "first", "track"], descending=[True, False, False])
    return Day(
        day=own["day"][0],
        plays=own.height,
        heard=int(own["heard"].sum()),
        track=most["track"][0],
        artist=most["artist"][0],
    )
