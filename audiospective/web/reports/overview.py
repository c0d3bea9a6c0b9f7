"""All reports there can be: years and their months, each with how much was heard."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from audiospective.policy import periods
from audiospective.stats import activity
from audiospective.stats.listening import Listening
from audiospective.web.figures import words

LIFETIME = 120  # years


@dataclass(frozen=True)
class Link:
    """A report: `step` is 0 (nothing heard) to 4 (most), `value` the amount in words."""

    address: str
    label: str
    title: str
    value: str
    step: int


@dataclass(frozen=True)
class Year:
    link: Link
    months: tuple[Link | None, ...]  # None: it has not begun, or is before the first play


@dataclass(frozen=True)
class Overview:
    """`years` newest first; `near` are the weeks and months that are asked for most."""

    years: tuple[Year, ...]
    near: tuple[tuple[str, str], ...]


def of(listening: Listening, today: date) -> Overview:
    days = listening.figure(activity.days)
    if not days:
        return Overview((), ())
    sums: dict[date, int] = {}
    for day, amount in days.items():
        begun = day.replace(day=1)
        sums[begun] = sums.get(begun, 0) + amount
    ordered = sorted(sums.values())
    bounds = [0, *(ordered[len(ordered) * n // 4] for n in range(1, 4))]
    first = min(sums)

    def month(at: date) -> Link | None:
        if not first <= at <= today:
            return None
        amount = sums.get(at, 0)
        value = words.amount(amount, listening.options.counting) if amount else "nothing heard"
        step = min(4, bisect_left(bounds, amount)) if amount else 0
        return Link(at.isoformat()[:7], f"{at:%b}", f"{at:%B %Y}", value, step)

    def year(number: int) -> Year:
        amount = sum(value for at, value in sums.items() if at.year == number)
        value = words.amount(amount, listening.options.counting)
        months = tuple(month(date(number, at, 1)) for at in range(1, 13))
        return Year(Link(f"{number:04}", f"{number}", f"{number}", value, 0), months)

    week = periods.week(today, listening.options.week_start)
    earlier = periods.week(week.first - timedelta(days=1), listening.options.week_start)
    last_month = periods.month(today.replace(day=1) - timedelta(days=1))
    near = (
        ("This week", week.address),
        ("Last week", earlier.address),
        ("This month", periods.month(today).address),
        ("Last month", last_month.address),
        ("This year", f"{today.year}"),
        ("All time", "all"),
    )
    numbers: Sequence[int] = range(today.year, first.year - 1, -1)
    if len(numbers) > LIFETIME:  # a clock that ran wrong: only years with something to show
        numbers = sorted({at.year for at in sums if at <= today} | {today.year}, reverse=True)
    return Overview(tuple(year(number) for number in numbers), near)
