"""Plays in the clock of the person who heard them."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from audiospective.policy import calendar


def local(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The wall clock at the end of each play, in an IANA zone; `plays` in order of time.

    The offsets are Python's, piece by piece, so that a day here and a day that calendar cuts are
    the same day, and hundreds of thousands of plays cost a few additions.
    """
    instants = plays["played_at"].to_physical()
    if instants.is_empty():
        return instants.cast(pl.Datetime("ms")).alias("local")
    first, last = plays["played_at"][0], plays["played_at"][-1]
    pieces = calendar.offsets(zone, first, last)
    starts = [int(instants.search_sorted(int(at.timestamp() * 1000))) for at, _ in pieces]
    shifted = [
        instants[start:end] + offset // timedelta(milliseconds=1)
        for (_, offset), start, end in zip(pieces, starts, [*starts[1:], None], strict=True)
    ]
    return pl.concat(shifted).cast(pl.Datetime("ms")).alias("local")


def dates(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The date of each play in a zone."""
    return local(plays, zone).dt.date().alias("date")
