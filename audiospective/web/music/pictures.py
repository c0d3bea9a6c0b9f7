"""The charts of one track, artist or album, with what each of them shows in words."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from functools import partial

from audiospective.policy import in_words
from audiospective.policy.archive_state import Missing
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.portrait import Portrait
from audiospective.web.charts import bars, ring
from audiospective.web.charts.bars import Bars
from audiospective.web.charts.base import Worded
from audiospective.web.charts.ring import Ring
from audiospective.web.charts.week_hours import DAYS
from audiospective.web.music import words

YEARS = 7  # that a narrow screen has room to name
FEW = 3  # months of which words alone say enough
LONG = timedelta(days=3)  # of a month, that makes it not known in full


@dataclass(frozen=True)
class Pictures:
    """Charts, None where there is too little to draw; each with its finding."""

    months: Bars | None
    months_words: str
    clock: Ring
    clock_words: str
    weekdays: Bars
    weekdays_words: str
    years: Bars | None
    years_words: str


def of(found: Portrait, gaps: Sequence[Missing], options: FigureOptions, zone: tzinfo) -> Pictures:
    worded = partial(in_words.amount, by_time=options.counting.by_time)
    peak = max(found.months, key=lambda month: month[1])
    best = min(found.years, key=lambda year: (year.place, -year.amount))
    hour = found.hours.index(max(found.hours))
    order = [(options.week_start - 1 + n) % 7 for n in range(7)]
    weekday = found.weekdays.index(max(found.weekdays))
    return Pictures(
        months=_months(found, gaps, zone, worded) if len(found.months) >= FEW else None,
        months_words=f"Most in {peak[0]:%B %Y}: {worded(peak[1])}",
        clock=ring.of(found.hours, worded=worded),
        clock_words=f"Most often between {hour}:00 and {hour + 1}:00",
        weekdays=bars.of([(DAYS[day][:3], found.weekdays[day]) for day in order], worded=worded),
        weekdays_words=f"Most on {words.WEEKDAYS[weekday]}",
        years=bars.of([(str(year.year), year.amount) for year in found.years], worded=worded)
        if len(found.years) > 1
        else None,
        years_words=f"{words.place(best.place)} in {best.year}, their best year"
        if len(found.years) > 1
        else f"{words.place(best.place)} in {best.year}",
    )


def _months(found: Portrait, gaps: Sequence[Missing], zone: tzinfo, worded: Worded) -> Bars:
    months = [month for month, _ in found.months]
    chart = bars.of(
        [(f"{month:%B %Y}", value) for month, value in found.months],
        unknown=_unknown(months, gaps, zone),
        worded=worded,
    )
    return replace(chart, labels=_labels(months))


def _labels(months: Sequence[date]) -> tuple[tuple[str, bool], ...]:
    """Short words under the bars, few enough for a narrow screen: months, or years."""
    if len(months) <= 12:
        return tuple((f"{month:%b}", True) for month in months)
    every = -(-len(months) // (12 * YEARS))
    return (
        tuple(
            (str(month.year), month.month == 1 and month.year % every == 0) for month in months[:-2]
        )
        + (("", False),) * 2
    )


def _unknown(months: Sequence[date], gaps: Sequence[Missing], zone: tzinfo) -> set[int]:
    """Places of the months of which an open gap takes LONG or more."""
    found = set()
    for place, month in enumerate(months):
        length = monthrange(month.year, month.month)[1]
        missing = 0
        for gap in gaps:
            if not gap.is_open or gap.ended_at is None or gap.probably_from >= gap.ended_at:
                continue
            start = max((gap.probably_from.astimezone(zone).date() - month).days, 0)
            end = min((gap.ended_at.astimezone(zone).date() - month).days, length)
            missing += max(0, end - start)
        if missing >= LONG.days:
            found.add(place)
    return found
