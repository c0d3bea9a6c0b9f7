"""Days as cells, a week a column: how much was heard on each, and which days are not known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from audiospective.policy import in_words
from audiospective.web.charts.base import Worded, plain

PITCH = 20  # user units from one cell to the next
TOP = 22  # room for the names of the months
LEFT = 28  # room for the names of weekdays
STEPS = 4  # besides "none"


@dataclass(frozen=True)
class Cell:
    """`step` is 0 (none) to 4, or -1 where the day is not known."""

    x: int
    y: int
    step: int
    title: str


@dataclass(frozen=True)
class Heatmap:
    """`months` are (x, name), `weekdays` (y, name); `legend` (step, words).

    `rows` are (month, value, days not known).
    """

    width: int
    height: int
    cells: tuple[Cell, ...]
    months: tuple[tuple[int, str], ...]
    weekdays: tuple[tuple[int, str], ...]
    legend: tuple[tuple[int, str], ...]
    rows: tuple[tuple[str, str, int], ...]


def of(
    days: Mapping[date, int],
    first: date,
    last: date,
    *,
    unknown: Collection[date] = frozenset(),
    week_start: int = 1,
    worded: Worded = plain,
) -> Heatmap:
    """The days from `first` to `last`; a day that is missing in `days` had none.

    The steps are the member's own quarters: a fixed scale is empty for one and full for another.
    `week_start` is the ISO weekday of the top row. A day with plays is known, whatever `unknown`
    says; its title tells both.
    """
    not_known = set(unknown)
    inside = [days.get(day, 0) for day in _span(first, last)]
    bounds = _bounds(inside)
    begin = first - timedelta(days=(first.isoweekday() - week_start) % 7)
    cells = []
    for day, value in zip(_span(first, last), inside, strict=True):
        column, row = divmod((day - begin).days, 7)
        step = -1 if day in not_known and not value else bisect_left(bounds, value) if value else 0
        words = worded(value) if value or day not in not_known else "not known"
        if value and day in not_known:
            words += ", more may be missing"
        title = f"{in_words.day(day)}: {words}"
        cells.append(Cell(LEFT + column * PITCH, TOP + row * PITCH, step, title))
    return Heatmap(
        width=LEFT + ((last - begin).days // 7 + 1) * PITCH,
        height=TOP + 7 * PITCH,
        cells=tuple(cells),
        months=_months(begin, first, last),
        weekdays=tuple(
            (TOP + row * PITCH, f"{begin + timedelta(days=row):%a}") for row in (0, 2, 4)
        ),
        legend=_legend(bounds, worded, unknown=any(cell.step < 0 for cell in cells)),
        rows=_rows(days, not_known, first, last, worded),
    )


def _span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _bounds(values: Sequence[int]) -> list[int]:
    """Where steps 2, 3 and 4 begin to end: `bisect_left` of a value in them is its step."""
    some = sorted(value for value in values if value)
    if not some:
        return [0]
    return [0, *sorted({some[len(some) * n // STEPS] for n in range(1, STEPS)} - {some[-1]})]


def _legend(bounds: Sequence[int], worded: Worded, *, unknown: bool) -> tuple[tuple[int, str], ...]:
    steps = [(0, "none")]
    for step, low in enumerate(bounds, start=1):
        high = bounds[step] if step < len(bounds) else None
        steps.append((step, f"to {worded(high)}" if high else f"over {worded(low)}"))
    if len(bounds) == 1:
        steps = [(0, "none"), (1, "some")]
    return tuple(steps) + (((-1, "not known"),) if unknown else ())


def _months(begin: date, first: date, last: date) -> tuple[tuple[int, str], ...]:
    found: list[tuple[int, str]] = []
    for day in _span(first, last):
        if day.day == 1 or day == first:
            x = LEFT + (day - begin).days // 7 * PITCH
            if found and x - found[-1][0] < 2 * PITCH:  # the first days of a cut month
                found.pop()
            name = f"{day:%b} {day.year}" if day.month == 1 or day == first else f"{day:%b}"
            found.append((x, name))
    return tuple(found)


def _rows(
    days: Mapping[date, int], not_known: set[date], first: date, last: date, worded: Worded
) -> tuple[tuple[str, str, int], ...]:
    sums: dict[date, list[int]] = {}
    for day in _span(first, last):
        month = sums.setdefault(day.replace(day=1), [0, 0])
        month[0] += days.get(day, 0)
        month[1] += day in not_known
    return tuple((f"{month:%B %Y}", worded(n), gone) for month, (n, gone) in sums.items())
