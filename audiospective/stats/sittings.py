"""Sittings: music without a longer pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import polars as pl

from audiospective.stats.prepared_plays import within

PAUSE = 20  # minutes of silence that end a sitting
SIZES = (10, 30, 60, 120, 240)  # minutes: under 10, 10 to 30 and so on


@dataclass(frozen=True)
class Sittings:
    """`longest` began on the member's clock at `began`; lengths are milliseconds.

    `sizes` counts sittings of under SIZES[0] minutes, of up to each following, and of more.
    """

    count: int
    longest: int
    began: datetime | None
    plays: int
    sizes: tuple[int, ...]


def of(plays: pl.DataFrame, first: date, last: date) -> Sittings:
    """The sittings of the plays on the days from `first` to `last`.

    A play begins `heard` before its end, but never before the end of the play before it. A sitting
    ends after PAUSE of silence; its length is from its first beginning to its last end.
    """
    own = within(plays, first, last)
    if own.is_empty():
        return Sittings(0, 0, None, 0, (0,) * (len(SIZES) + 1))
    end = own["played_at"].to_physical()
    silence = end.diff() - own["heard"]
    at = (silence > PAUSE * 60_000).fill_null(value=True).arg_true()
    after = at.shift(-1, fill_value=own.height)  # where the next sitting begins
    first_end = end.gather(at)
    # A sitting's first play begins after a silence: the end of no other one cuts it short.
    sittings = pl.DataFrame(
        {
            "start": first_end - own["heard"].gather(at),
            "end": end.gather(after - 1),
            "local": own["local"].gather(at),
            "first_end": first_end,
            "plays": after - at,
        }
    ).with_columns(length=pl.col("end") - pl.col("start"))
    best = sittings.row(int(sittings["length"].arg_max() or 0), named=True)
    lengths = sittings["length"] / 60_000
    edges = [float("-inf"), *SIZES, float("inf")]
    sizes = tuple(int(((lengths >= low) & (lengths < high)).sum()) for low, high in pairwise(edges))
    lead = pl.duration(milliseconds=best["first_end"] - best["start"])
    began = pl.select(pl.lit(best["local"], pl.Datetime("ms")) - lead).item()
    return Sittings(sittings.height, best["length"], began, best["plays"], sizes)
