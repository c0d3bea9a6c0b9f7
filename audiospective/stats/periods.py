"""A span of time in numbers, to be held next to the span before."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.stats import tops


@dataclass(frozen=True)
class Totals:
    """`listened` in milliseconds; `new_artists` were never heard before the span."""

    plays: int
    listened: int
    tracks: int
    artists: int
    new_artists: int


def totals(plays: pl.DataFrame, before: pl.DataFrame) -> Totals:
    """The numbers of `plays` (track, artist, ms_played); `before`: everything earlier (artist)."""
    artists = plays["artist"].drop_nulls().unique()
    known = before["artist"].drop_nulls().unique()
    return Totals(
        plays=plays.height,
        listened=tops.listened(plays),
        tracks=plays["track"].n_unique(),
        artists=artists.len(),
        new_artists=artists.filter(~artists.is_in(known.implode())).len(),
    )


def by_source(plays: pl.DataFrame, *, polled: bool) -> pl.DataFrame:
    """The plays that statistics may use (needs source); without `polled` only imported ones.

    DERIVED_STATS=off asks for this: Spotify's policy limits what is derived from its API, not
    what people do with the files they were given.
    """
    return plays if polled else plays.filter(pl.col("source") >= 2)
