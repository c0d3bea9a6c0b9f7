"""The days of a period as bars, or its months where there are too many days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from audiospective.policy.counting import Counting
from audiospective.policy.periods import Period
from audiospective.web.charts import bars
from audiospective.web.charts.bars import Bars
from audiospective.web.figures import words

DAYS = 366  # more are drawn as months
WEEK, FEW, SOME = 7, 13, 62  # days that are named by weekday, by number, by their date
QUARTERS = 40  # months of which every third is named


def of(
    days: dict[date, int],
    period: Period,
    until: date,
    unknown: Collection[date],
    counting: Counting,
) -> tuple[Bars, str]:
    """The bars, and what is plotted, in words; a part of which a day is not known is hatched."""
    parts = _months(period.first, until) if period.days > DAYS else _days(period)
    sums = dict.fromkeys(parts, 0)
    for day, amount in days.items():
        part = day.replace(day=1) if period.days > DAYS else day
        if part in sums:
            sums[part] += amount
    if period.days > DAYS:
        names = [f"{part:%b %Y}" for part in parts]
        not_known = {day.replace(day=1) for day in unknown}
        what = "by month"
    else:
        names = [f"{part.day} {part:%b}" for part in parts]
        not_known = {day for day in unknown if not days.get(day)}
        what = "by day"
    unit = "time" if counting.by_time else "plays"
    chart = bars.of(
        list(zip(names, sums.values(), strict=True)),
        unknown=[place for place, part in enumerate(parts) if part in not_known],
        worded=lambda value: words.amount(value, counting),
        named=_named(parts, period.days),
    )
    return chart, f"{unit} {what}"


def _named(parts: Sequence[date], days: int) -> dict[int, str] | None:
    """The words under the bars: weekdays, months or years where they begin; None for dates."""
    if days <= WEEK:
        return {place: f"{part:%a}" for place, part in enumerate(parts)}
    if days <= FEW:
        return {place: str(part.day) for place, part in enumerate(parts)}
    if days <= SOME:
        return None
    room = len(parts) * 0.97  # a word that begins after it would stick out
    if days <= DAYS:
        return {n: f"{part:%b}" for n, part in enumerate(parts) if part.day == 1 and n < room}
    months = (1, 4, 7, 10) if len(parts) <= QUARTERS else (1,)
    return {
        n: str(part.year) if part.month == 1 else f"{part:%b}"
        for n, part in enumerate(parts)
        if part.month in months and n < room
    }


def _days(period: Period) -> list[date]:
    return [period.first + timedelta(days=n) for n in range(period.days)]


def _months(first: date, last: date) -> list[date]:
    found = [first.replace(day=1)]
    while (following := (found[-1] + timedelta(days=31)).replace(day=1)) <= last:
        found.append(following)
    return found
