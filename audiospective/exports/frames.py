"""What exports derive of plays and tracks: times as text, addresses, and what counts as known."""

from __future__ import annotations

import polars as pl

from audiospective.policy.timing import Timing

UTC_MS = "%Y-%m-%dT%H:%M:%S%.3fZ"
UTC_S = "%Y-%m-%dT%H:%M:%SZ"
PLAYED = pl.col("played_at")
SECONDS = (PLAYED.dt.epoch("ms") // 1000).alias("seconds")  # of the end, as others count
# Who wrote a play, for forms that have a place for it; with what `played_at` is.
SENDER = (
    pl.col("timing")
    .fill_null(int(Timing.END))
    .replace_strict(
        {int(one): one.sender for one in Timing}, default=Timing.END.sender, return_dtype=pl.String
    )
)


def derive(tracks: pl.DataFrame) -> pl.DataFrame:
    """`tracks` (track_facts.SCHEMA) with `uri`, Spotify's, and `artist`, the one named first."""
    kind = pl.when(pl.col("kind") == "track").then(pl.lit("track")).otherwise(pl.lit("episode"))
    # A chapter of a book is an episode to Spotify.
    return tracks.with_columns(
        pl.concat_str(pl.lit("spotify:"), kind, pl.lit(":"), "spotify_id").alias("uri"),
        pl.col("artists").list.first().alias("artist"),
    )


def known(name: str) -> pl.Expr:
    """A text column in which an empty text, or one of blanks, is unknown like a null."""
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)


def blanks(name: str) -> pl.Expr:
    """Whether a text is there, of nothing but blanks."""
    return (pl.col(name) != "") & (pl.col(name).str.strip_chars() == "")
