"""What files tell of a play beside its track and its time, and under which names."""

from __future__ import annotations

import polars as pl

from audiospective.models.plays import FROM_BOTH
from audiospective.policy.timing import Timing

UNKNOWN = "unknown"  # what a newer release wrote
SOURCES = {1: "poll", 2: "import", 3: "both"}
TIMINGS = {timing.value: timing.name.lower() for timing in Timing}
TEXTS = ("context", "reason_start", "reason_end", "platform", "country")  # whose words others chose
PLAY = (
    (pl.col("source") & FROM_BOTH).replace_strict(SOURCES, default=UNKNOWN, return_dtype=pl.String),
    pl.col("context").alias("played_from"),
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    pl.col("incognito").alias("private"),
    "platform",
    "country",
    # How exactly the time is known, as a word of Timing.
    pl.col("timing")
    .fill_null(Timing.END.value)
    .replace_strict(TIMINGS, default=UNKNOWN, return_dtype=pl.String)
    .alias("timing"),
)


def local_time(zone: str, form: str) -> pl.Expr:
    """The time on the clocks of an IANA `zone`, as `form` (strftime) shows it."""
    return pl.col("played_at").dt.convert_time_zone(zone).dt.strftime(form).alias("local_time")
