"""The place of one track, artist or album among all of its kind, year by year and over all time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.history.catalog import frames

_YEAR = 2**32  # times the year, plus the id: one number groups faster than two


@dataclass(frozen=True)
class YearPlace:
    """The place among all tracks, artists or albums in a year, from 1; equals share a place."""

    year: int
    amount: int
    place: int


def members(tracks: pl.Series, kind: str) -> pl.DataFrame:
    """(track, id) of what tracks belong to: themselves, every artist credited, or their album."""
    if kind == "track":
        return pl.DataFrame({"track": tracks.unique()}).with_columns(id=pl.col("track"))
    reach = frames.everybody if kind == "artist" else frames.of
    return reach(tracks).select("track", id=pl.col(kind)).drop_nulls()


def sums(years: pl.DataFrame, belong: pl.DataFrame) -> pl.DataFrame:
    """`year`, `id` and `amount` of what tracks belong to, by `members`.

    `years` are amounts by `year` and `track`.
    """
    both = pl.col("year").cast(pl.Int64) * _YEAR + pl.col("id")
    found = (
        years.select("year", "track", "amount")
        .join(belong, on="track")
        .select("amount", both=both)
        .group_by("both")
        .agg(pl.sum("amount"))
    )
    return found.select(
        (pl.col("both") // _YEAR).cast(pl.Int32).alias("year"),
        (pl.col("both") % _YEAR).cast(pl.Int32).alias("id"),
        "amount",
    )


def of(added: pl.DataFrame, one: int) -> tuple[tuple[YearPlace, ...], int]:
    """The place of `one` in each year in which it was heard, and over all time, of `sums`."""
    own = added.filter(pl.col("id") == one).select("year", mine="amount")
    above = (
        added.join(own, on="year")
        .group_by("year", "mine")
        .agg(above=(pl.col("amount") > pl.col("mine")).sum())
        .sort("year")
    )
    years = tuple(YearPlace(year, mine, above + 1) for year, mine, above in above.rows())
    totals = added.group_by("id").agg(pl.sum("amount"))
    return years, int((totals["amount"] > own["mine"].sum()).sum()) + 1
