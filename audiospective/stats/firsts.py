"""Artists that come and go: heard for the first time, heard again, not heard for long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from audiospective.history.catalog import frames
from audiospective.stats import by_track

SILENCE = timedelta(days=180)
FAVOURITE = 20  # plays that make a favourite
KNOWN = 5  # plays before the silence that make a rediscovery


@dataclass(frozen=True)
class Arrival:
    """An artist, the day on which they came, and how often they were heard in the span.

    `track` is the one they were most heard with; `away` is the last day before a silence, None if
    they had never been heard.
    """

    artist: int
    day: date
    plays: int
    track: int
    away: date | None = None


@dataclass(frozen=True)
class Departure:
    """A favourite that fell silent: all plays, and the last day."""

    artist: int
    plays: int
    last: date
    track: int


def discoveries(plays: pl.DataFrame, first: date, last: date, limit: int) -> list[Arrival]:
    """Artists never heard before `first` and heard by `last`, most heard first."""
    now = _artists(by_track.between(plays, first, last))
    earlier = _artists(by_track.before(plays, first))
    found = now.join(earlier, on="artist", how="anti").sort(
        ["amount", "first", "artist"], descending=[True, False, False]
    )
    rows = found.head(limit).select("artist", "first", "plays", "track").rows()
    return [Arrival(*row) for row in rows]


def rediscoveries(plays: pl.DataFrame, first: date, last: date, limit: int) -> list[Arrival]:
    """Artists heard again after SILENCE or more, of whom KNOWN plays were known; longest first.

    The silence ends with their first play from `first` to `last`.
    """
    now = _artists(by_track.between(plays, first, last))
    earlier = _artists(by_track.before(plays, first)).select("artist", away="last", known="plays")
    found = (
        now.join(earlier, on="artist")
        .filter((pl.col("known") >= KNOWN) & (pl.col("first") - pl.col("away") >= SILENCE))
        .with_columns(silence=pl.col("first") - pl.col("away"))
        .sort(["silence", "amount", "artist"], descending=[True, True, False])
    )
    rows = found.head(limit).select("artist", "first", "plays", "track", "away").rows()
    return [Arrival(*row) for row in rows]


def forgotten(plays: pl.DataFrame, today: date, limit: int) -> list[Departure]:
    """Artists with FAVOURITE plays or more of whom nothing was heard for SILENCE; most first."""
    found = (
        _artists(by_track.between(plays, date.min, date.max))
        .filter((pl.col("plays") >= FAVOURITE) & (pl.col("last") <= today - SILENCE))
        .sort(["amount", "first", "artist"], descending=[True, False, False])
    )
    rows = found.head(limit).select("artist", "plays", "last", "track").rows()
    return [Departure(*row) for row in rows]


def _artists(heard: pl.DataFrame) -> pl.DataFrame:
    """`artist`, `plays`, `amount`, `first` and `last` day, `track`: of every artist credited.

    `heard` are plays added up by track.
    """
    tracks = heard.sort(["amount", "first_day", "track"], descending=[True, False, False]).select(
        "track", "plays", "amount", first="first_day", last="last_day"
    )
    credits_ = frames.everybody(heard["track"])
    return (
        tracks.join(credits_, on="track", maintain_order="left")
        .group_by("artist", maintain_order=True)
        .agg(
            pl.col("plays").sum(),
            pl.col("amount").sum(),
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("track").first(),
        )
    )
