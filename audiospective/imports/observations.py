"""Turns what is known of a play's time into spans: when it may have begun, when it may have ended.

The rules and their reasons are in `policy/matching.py`.
"""

from __future__ import annotations

import polars as pl

from audiospective.policy.matching import DRIFT, PAUSED, UNMEASURED

NEEDS = ("began", "ended", "precision", "played", "length")  # ms; what is unknown is null
SPANS = (
    "began_at",
    "ended_at",
    "began_from",
    "began_to",
    "ended_from",
    "ended_to",
    "paused_from",
    "paused_to",
)
_EACH = DRIFT // 2  # on both sides of a comparison


def spans(plays: pl.DataFrame) -> pl.DataFrame:
    """Adds to frames with NEEDS the spans and estimates that `match` compares (ms).

    `began_from`..`began_to` and `ended_from`..`ended_to`; `began_at` and `ended_at` are the best
    guesses, null where there is none; `paused_from`, `paused_to` replace `began_from`, `ended_to`
    if the play may have stood still in the middle.
    """
    began, ended = pl.col("began"), pl.col("ended")
    took = pl.coalesce("played", "length")
    cut = pl.col("precision") - 1  # an instant that was cut lies up to so much later
    begins, ends = began.is_not_null(), ended.is_not_null()
    # With the length alone it may have been skipped: anything between nothing and the length.
    least = pl.col("played").fill_null(0)
    most = took.fill_null(UNMEASURED)
    if "exact" not in plays.columns:
        plays = plays.with_columns(exact=pl.lit(value=False))
    return plays.with_columns(
        pl.when(begins).then(began).otherwise(ended - most).sub(_EACH).alias("began_from"),
        pl.when(begins).then(began).otherwise(ended - least).add(cut + _EACH).alias("began_to"),
        pl.when(ends).then(ended).otherwise(began + least).sub(_EACH).alias("ended_from"),
        pl.when(ends).then(ended).otherwise(began + most).add(cut + _EACH).alias("ended_to"),
        pl.when(begins).then(began).otherwise(ended - took).add(cut // 2).alias("began_at"),
        pl.when(ends).then(ended).otherwise(began + took).add(cut // 2).alias("ended_at"),
    ).with_columns(
        pl.when(begins | pl.col("played").is_null())
        .then("began_from")
        .otherwise(pl.col("began_from") - PAUSED)
        .alias("paused_from"),
        pl.when(ends | took.is_null())
        .then("ended_to")
        .otherwise(pl.col("ended_to") + PAUSED)
        .alias("paused_to"),
    )
