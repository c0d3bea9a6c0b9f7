"""How complete each month is: the time since the archive began, less the holes in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.policy import calendar

Span = tuple[datetime, datetime]
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Month:
    """One month in the person's zone; `start` is its first instant, `share` from 0 to 1."""

    start: datetime
    share: float
    holes: int
    longest: timedelta


def months(zone: str, began: datetime, now: datetime, holes: Sequence[Span]) -> list[Month]:
    """The months from `began` to `now`, newest first; `holes` do not overlap."""
    today, first = calendar.today(zone, now), calendar.today(zone, began)
    found = []
    year, number = today.year, today.month
    while (year, number) >= (first.year, first.month):
        start, end = calendar.month(zone, year, number)
        lengths = [_shared(hole, (start, end)) for hole in holes]
        lengths = [length for length in lengths if length > NOTHING]
        lived = _shared((began, now), (start, end))
        missing = sum(lengths, NOTHING)
        share = 1 - missing / lived if lived > NOTHING else 1.0
        found.append(Month(start, max(0.0, share), len(lengths), max(lengths, default=NOTHING)))
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
    return found


def _shared(one: Span, other: Span) -> timedelta:
    return max(NOTHING, min(one[1], other[1]) - max(one[0], other[0]))
