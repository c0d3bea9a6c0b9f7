"""One artist's, album's or track's history with a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from audiospective.history.catalog import frames
from audiospective.stats import activity, tops


@dataclass(frozen=True)
class Portrait:
    """First and last play as (played_at, track); `tracks` as tops.top gives them."""

    plays: int
    first: tuple[datetime, int]
    last: tuple[datetime, int]
    months: list[tuple[date, int]]
    hours: list[int]
    tracks: pl.DataFrame


def of(plays: pl.DataFrame, kind: str, one: int, zone: str, limit: int = 50) -> Portrait | None:
    """The portrait of one of tops.KINDS from all plays (played_at, track), or None if unheard."""
    own = select(plays, kind, one)
    if own.is_empty():
        return None
    keys = own.select("played_at", "track").row
    return Portrait(
        plays=own.height,
        first=keys(0),
        last=keys(-1),
        months=activity.by_month(own, zone),
        hours=activity.by_hour(own, zone),
        tracks=tops.top(own, "track", limit),
    )


def select(plays: pl.DataFrame, kind: str, one: int) -> pl.DataFrame:
    """The plays of one track, album or artist."""
    if kind == "track":
        return plays.filter(pl.col("track") == one)
    wanted = frames.tracks_of(kind, one, plays["track"])
    return plays.filter(pl.col("track").is_in(wanted.implode()))
