"""What was on repeat: tracks that were played often on one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats.prepared_plays import within

OFTEN = 4  # plays of one track on one day


@dataclass(frozen=True)
class Repeat:
    """A track and the day on which it was played most often."""

    track: int
    day: date
    plays: int


def repeats(plays: pl.DataFrame, first: date, last: date, limit: int) -> list[Repeat]:
    """Tracks that were played OFTEN or more on one day: each with its best day, most first."""
    found = (
        within(plays, first, last)
        .group_by("track", "day")
        .agg(plays=pl.len())
        .filter(pl.col("plays") >= OFTEN)
        .sort(["plays", "day", "track"], descending=[True, False, False])
        .unique("track", keep="first", maintain_order=True)
    )
    return [Repeat(*row) for row in found.head(limit).select("track", "day", "plays").rows()]
