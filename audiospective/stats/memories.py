"""This day in earlier years."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from audiospective.policy import calendar

Read = Callable[[datetime, datetime], pl.DataFrame]


@dataclass(frozen=True)
class Memory:
    """A day and what was heard most on it; `track` and `artist` are ids of the catalog."""

    day: date
    plays: int
    track: int
    artist: int | None


def on_this_day(read: Read, zone: str, today: date, first_year: int) -> list[Memory]:
    """The same date in earlier years, latest first, years without plays left out.

    `read(start, end)` gives plays with track and artist; so only these days' segments are opened.
    29 February has its day every fourth year only.
    """
    found = []
    for year in range(today.year - 1, first_year - 1, -1):
        try:
            day = today.replace(year=year)
        except ValueError:
            continue
        plays = read(*calendar.day(zone, day))
        if plays.height:
            most = plays.group_by("track", maintain_order=True).len().sort("len", descending=True)
            track = int(most["track"][0])
            artist = plays.filter(pl.col("track") == track)["artist"][0]
            found.append(Memory(day, plays.height, track, artist))
    return found
