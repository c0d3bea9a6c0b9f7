"""What was heard most: tracks, albums, artists."""

from __future__ import annotations

import polars as pl

from audiospective.history.catalog import frames

KINDS = ("track", "album", "artist")


def top(plays: pl.DataFrame, kind: str, limit: int = 50) -> pl.DataFrame:
    """The most heard of KINDS: `id`, `plays`, `amount`, `first`, `last` (played_at), most first.

    Needs the columns played_at and track; `amount` (prepared_plays.SCHEMA) is what the order
    follows, where it is missing every play counts as one. Every artist credited on a track
    counts, so their plays may add up to more than there are. Of equals the one heard first stands
    first.
    """
    return ranked(_by_track(plays), kind).head(limit)


def ranked(tracks: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The same of plays that are added up by track already (by_track)."""
    # Counting by track first leaves few rows to join with the catalog.
    if kind == "track":
        found = tracks.select("plays", "amount", "first", "last", id="track")
    else:
        reach = frames.everybody if kind == "artist" else frames.of
        found = (
            tracks.select("track", "plays", "amount", "first", "last")
            .join(reach(tracks["track"]), on="track")
            .drop_nulls(kind)
            .group_by(pl.col(kind).alias("id"))
            .agg(
                pl.col("plays").sum(),
                pl.col("amount").sum(),
                pl.col("first").min(),
                pl.col("last").max(),
            )
        )
    found = found.select("id", "plays", "amount", "first", "last")
    return found.sort(["amount", "first", "id"], descending=[True, False, False])


def _by_track(plays: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("amount").sum() if "amount" in plays.columns else pl.len()
    return plays.group_by("track").agg(
        plays=pl.len(),
        amount=amount.cast(pl.Int64),
        first=pl.col("played_at").min(),
        last=pl.col("played_at").max(),
    )
