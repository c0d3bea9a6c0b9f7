"""Plays in the clock of the member who heard them."""

from __future__ import annotations

import polars as pl


def local(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The wall clock at the end of each play, in an IANA zone, without a zone of its own."""
    clock = plays["played_at"].dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return clock.alias("local")


def dates(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The date of each play in a zone."""
    return local(plays, zone).dt.date().alias("date")
