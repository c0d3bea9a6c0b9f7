"""Weekdays by hours: when in the week somebody listens, 168 cells in five steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from audiospective.web.charts.base import Worded, boxes, plain

PITCH = 10
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STEPS = 4


@dataclass(frozen=True)
class WeekHours:
    """`inks` are the outlines of steps 0 to 4; `rows` are (day, 24 words)."""

    inks: tuple[str, ...]
    days: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def of(grid: Sequence[Sequence[int]], *, week_start: int = 1, worded: Worded = plain) -> WeekHours:
    """Seven rows, Monday first, of 24 values; shown from `week_start` (ISO weekday) on."""
    order = [(week_start - 1 + n) % 7 for n in range(7)]
    some = sorted(value for row in grid for value in row if value)
    bounds = [0, *(some[len(some) * n // STEPS] for n in range(1, STEPS))] if some else [0]
    inks: list[list[tuple[float, float, float, float]]] = [[] for _ in range(STEPS + 1)]
    for y, day in enumerate(order):
        for hour, value in enumerate(grid[day]):
            step = bisect_left(bounds, value) if value else 0
            inks[step].append((hour * PITCH + 0.5, y * PITCH + 0.5, PITCH - 1, PITCH - 1))
    return WeekHours(
        inks=tuple(boxes(one) for one in inks),
        days=tuple(DAYS[day] for day in order),
        rows=tuple((DAYS[day], tuple(worded(value) for value in grid[day])) for day in order),
    )
