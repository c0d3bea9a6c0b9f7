"""Days in a row with music."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Streak:
    """`days` of listening from `first` to `last`; `unknown` days in between belong to no count."""

    days: int
    first: date
    last: date
    unknown: int = 0


def current(
    days: Collection[date], today: date, unknown: Collection[date] = frozenset()
) -> Streak | None:
    """The streak that reaches today or yesterday: today is not over yet.

    A day in `unknown` (a day that may be incomplete) neither breaks nor extends a streak.
    """
    for found in reversed(every(days, unknown)):
        at = found.last
        while at + timedelta(days=1) in unknown:
            at += timedelta(days=1)
        return found if at >= today - timedelta(days=1) else None
    return None


def longest(days: Collection[date], unknown: Collection[date] = frozenset()) -> Streak | None:
    """The longest streak, of equals the earliest."""
    return max(
        every(days, unknown), key=lambda one: (one.days, -one.first.toordinal()), default=None
    )


def every(days: Collection[date], unknown: Collection[date] = frozenset()) -> list[Streak]:
    """All streaks in order."""
    heard, unsure = set(days), set(unknown) - set(days)
    streaks: list[Streak] = []
    for first in sorted(heard):
        if streaks and first <= streaks[-1].last:
            continue
        at, count, last = first, 0, first
        while at in heard or at in unsure:
            if at in heard:
                count, last = count + 1, at
            at += timedelta(days=1)
        skipped = (last - first).days + 1 - count
        streaks.append(Streak(count, first, last, skipped))
    return streaks
