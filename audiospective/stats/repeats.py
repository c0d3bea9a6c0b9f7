"""What was on repeat: tracks that were played often on one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats.prepared_plays import by_year

OFTEN = 4  # plays of one track on one day


@dataclass(frozen=True)
class Repeat:
    """A track and the day on which it was played most often."""

    track: int
    day: date
    plays: int


def repeats(plays: pl.DataFrame, first: date, last: date, limit: int) -> list[Repeat]:
    """Tracks that were played OFTEN or more on one day: each with its best day, most first."""
    often = [
        part.group_by("track", "day").agg(plays=pl.len()).filter(pl.col("plays") >= OFTEN)
        for part in by_year(plays, first, last)
    ]
    if not often:
        return []
    found = (
        pl.concat(often)
        .sort(["plays", "day", "track"], descending=[True, False, False])
        .unique("track", keep="first", maintain_order=True)
    )
    return [Repeat(*row) for row in found.head(limit).select("track", "day", "plays").rows()]
