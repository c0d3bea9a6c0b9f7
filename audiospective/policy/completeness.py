"""How complete each month is: the time since the archive began, less its gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.policy import calendar

Span = tuple[datetime, datetime]
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Month:
    """One month in the member's zone; `start` is its first instant, `share` from 0 to 1.

    `gaps` counts those that are probable, `possible` those that only may be and cost no share.
    """

    start: datetime
    share: float
    gaps: int
    longest: timedelta
    possible: int = 0


def months(
    zone: str, began: datetime, until: datetime, gaps: Sequence[Span], possible: Sequence[Span] = ()
) -> list[Month]:
    """The months from `began` to `until`, newest first; `gaps` do not overlap."""
    today, first = calendar.today(zone, until), calendar.today(zone, began)
    found = []
    year, number = today.year, today.month
    while (year, number) >= (first.year, first.month):
        month = calendar.month(zone, year, number)
        lengths = _lengths(gaps, month)
        lived = _shared((began, until), month)
        missing = sum(lengths, NOTHING)
        share = 1 - missing / lived if lived > NOTHING else 1.0
        found.append(
            Month(
                start=month[0],
                share=max(0.0, share),
                gaps=len(lengths),
                longest=max(lengths, default=NOTHING),
                possible=len(_lengths(possible, month)),
            )
        )
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
    return found


def share(began: datetime, until: datetime, gaps: Sequence[Span]) -> float:
    """How much of the time from `began` to `until` is known, 0 to 1; `gaps` do not overlap."""
    lived = until - began
    if lived <= NOTHING:
        return 1.0
    missing = sum((_shared(gap, (began, until)) for gap in gaps), NOTHING)
    return max(0.0, 1 - missing / lived)


def _lengths(spans: Sequence[Span], month: Span) -> list[timedelta]:
    return [length for span in spans if (length := _shared(span, month)) > NOTHING]


def _shared(one: Span, other: Span) -> timedelta:
    return max(NOTHING, min(one[1], other[1]) - max(one[0], other[0]))
