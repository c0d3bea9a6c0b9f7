"""Plays of a year that comes back, which files told anew while it stood aside."""

from __future__ import annotations

import polars as pl

from audiospective.history import segment
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT
from audiospective.policy.matching import DRIFT
from audiospective.policy.timing import BY_START


def once_more(back: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """The plays of `there` that are some of those that come `back` (all segment columns each).

    A play that a poll and a file told stands where the poll told it, so a file that tells it anew
    makes another one of it. No source tells a play twice: where the same one tells of both, of one
    track and at as good as the same time, they are one. Pairs are one to one, the nearest first.
    """
    back = back.with_row_index("place")
    told = there.filter(pl.col("source") == FROM_IMPORT)
    told = told.join(back, on=segment.KEY, how="anti").with_row_index("again")
    began = pl.col("timing").is_in([int(one) for one in BY_START]).fill_null(value=False)
    by_end = pl.when(began).then(pl.col("ms_played").fill_null(0)).otherwise(0)
    ended, ended_again = (pl.col(name).to_physical() for name in ("played_at", "played_at_again"))
    near = (
        back.filter(pl.col("source") == FROM_BOTH)
        .select("place", "track", "played_at", "ms_played", "seen")
        .join(told.select("again", "track", "played_at", "timing", "seen"), on="track",
              suffix="_again")
        .with_columns(apart=(ended - by_end - ended_again).abs())
        .filter(pl.col("apart") <= DRIFT, pl.col("seen") & pl.col("seen_again") != 0)
        .sort("apart", "place", "again")
    )  # fmt: skip
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for place, again in near.select("place", "again").iter_rows():
        if place not in pairs and again not in taken:
            pairs[place] = again
            taken.add(again)
    same = told.filter(pl.col("again").is_in(list(taken)))
    return same.select(segment.COLUMNS)
