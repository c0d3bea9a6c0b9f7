"""From which decades the music was: by the release dates of its albums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.history.catalog import names
from audiospective.stats import by_track


@dataclass(frozen=True)
class Decades:
    """Amounts by the first year of each decade, earliest first, those between without one too.

    `dated` of `amount` is what was heard of albums whose release date is known.
    """

    amounts: tuple[tuple[int, int], ...]
    dated: int
    amount: int


def of(plays: pl.DataFrame, first: date, last: date) -> Decades:
    """The release decades of what was heard from `first` to `last`.

    A track belongs to the album of its recording, so a song from a later compilation counts where
    that was released. Dates are the catalog's: they may become known without a new play.
    """
    own = by_track.between(plays, first, last)
    amount = int(own["amount"].sum())
    by_album = own.drop_nulls("album").group_by("album").agg(pl.col("amount").sum())
    year = pl.col("released").str.slice(0, 4).str.to_integer(strict=False)
    known = names.albums(own["track"]).select("album", decade=year // 10 * 10)
    sums = (
        by_album.join(known, on="album")
        .filter(pl.col("decade").is_between(1000, 9990))
        .group_by("decade")
        .agg(pl.col("amount").sum())
    )
    found = dict(sums.filter(pl.col("amount") > 0).rows())
    span = range(min(found), max(found) + 1, 10) if found else range(0)
    return Decades(tuple((one, found.get(one, 0)) for one in span), sum(found.values()), amount)
