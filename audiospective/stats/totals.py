"""A span of days in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.history.catalog import frames
from audiospective.stats import by_track
from audiospective.stats.prepared_plays import within


@dataclass(frozen=True)
class Totals:
    """What was heard on the days of a span, of a prepared frame (stats.prepared_plays).

    `heard` is in milliseconds; `guessed` is the part of it that nobody told, where whole tracks are
    assumed. `artists` counts every artist credited. `new_tracks` and `new_artists` were never heard
    before the span. `days` are those with plays.
    """

    plays: int
    amount: int
    heard: int
    guessed: int
    tracks: int
    albums: int
    artists: int
    new_tracks: int
    new_artists: int
    days: int


def of(plays: pl.DataFrame, first: date, last: date) -> Totals:
    """The numbers of the days from `first` to `last`."""
    own = within(plays, first, last)
    added = by_track.between(plays, first, last)
    tracks = added["track"]
    known = by_track.before(plays, first)["track"]
    artists = frames.everybody(tracks)["artist"].unique()
    known_artists = frames.everybody(known)["artist"].unique()
    return Totals(
        plays=own.height,
        amount=int(own["amount"].sum()),
        heard=int(own["heard"].sum()),
        guessed=int((own["heard"] * ~own["told"]).sum()),
        tracks=tracks.len(),
        albums=added["album"].drop_nulls().n_unique(),
        artists=artists.len(),
        new_tracks=tracks.filter(~tracks.is_in(known.implode())).len(),
        new_artists=artists.filter(~artists.is_in(known_artists.implode())).len(),
        days=own["day"].n_unique(),
    )


def first_day(plays: pl.DataFrame) -> date | None:
    """The day of the first play, None without plays."""
    found: date | None = plays["day"].min()  # type: ignore[assignment]
    return found


def recent(plays: pl.DataFrame, first: date, last: date) -> int:
    """How many plays there are from `first` to `last`."""
    return within(plays, first, last).height
