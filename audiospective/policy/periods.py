"""Periods that figures are of: a week, a month, a year, a range of days, or all time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
EARLIEST, LATEST = 2, 9998  # years that have an address: those whose neighbours have dates, too
LONGEST = 36_600  # days of a range

_YEAR = re.compile(r"(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_WEEK = re.compile(r"(\d{4})-W(\d\d)", re.ASCII)
_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", re.ASCII)


class Kind(StrEnum):
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    RANGE = "range"
    ALL = "all"


@dataclass(frozen=True)
class Period:
    """`first` to `last`, both included; `address` is its place in a URL."""

    kind: Kind
    first: date
    last: date
    address: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def is_over(self, today: date) -> bool:
        return self.last < today

    def until(self, today: date) -> date:
        """The last day that has begun."""
        return min(self.last, today)


def year(number: int) -> Period:
    return Period(Kind.YEAR, date(number, 1, 1), date(number, 12, 31), f"{number:04}")


def month(day: date) -> Period:
    """The month that a day lies in."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return Period(Kind.MONTH, first, last, first.isoformat()[:7])


def week(day: date, week_start: int = 1) -> Period:
    """The week that a day lies in, for whom it begins on an ISO weekday.

    It has the number of the ISO week with which it shares its Thursday.
    """
    first = day - timedelta(days=(day.isoweekday() - week_start) % 7)
    thursday = first + timedelta(days=(4 - week_start) % 7)
    of_year, number, _ = thursday.isocalendar()
    return Period(Kind.WEEK, first, first + 6 * DAY, f"{of_year:04}-W{number:02}")


def span(first: date, last: date) -> Period:
    return Period(Kind.RANGE, first, last, f"{first.isoformat()}..{last.isoformat()}")


def all_time(first: date, today: date) -> Period:
    """From the first play on."""
    return Period(Kind.ALL, min(first, today), today, "all")


def parse(address: str, today: date, first: date | None, week_start: int = 1) -> Period | None:
    """The period of an address, None if there is none; `first` is the day of the first play."""
    if address == "all":
        return all_time(first or today, today)
    try:
        found = _parsed(address, week_start)
    except (ValueError, OverflowError):  # no such date, or one that no date can follow
        return None
    ends = (found.first.year, found.last.year) if found else (0, 0)
    return found if EARLIEST <= ends[0] <= ends[1] <= LATEST else None


def _parsed(address: str, week_start: int) -> Period | None:
    if found := _YEAR.fullmatch(address):
        return year(int(found[1]))
    if found := _MONTH.fullmatch(address):
        return month(date(int(found[1]), int(found[2]), 1))
    if found := _WEEK.fullmatch(address):
        return week(date.fromisocalendar(int(found[1]), int(found[2]), 4), week_start)
    if found := _RANGE.fullmatch(address):
        one = span(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
        return one if 0 < one.days <= LONGEST else None
    return None


def before(period: Period, week_start: int = 1) -> Period | None:
    """The period before, which this one is compared with; all time has none."""
    if period.kind is Kind.ALL:
        return None
    return _beside(period, period.first - DAY, week_start)


def after(period: Period, week_start: int = 1) -> Period | None:
    if period.kind is Kind.ALL:
        return None
    return _beside(period, period.last + DAY, week_start)


def so_far(period: Period, earlier: Period, today: date) -> Period:
    """As much of the earlier period as has passed of this one, to compare like with like."""
    if period.is_over(today) or period.kind is Kind.RANGE:
        return earlier
    passed = min((today - period.first).days, (earlier.last - earlier.first).days)
    return span(earlier.first, earlier.first + max(0, passed) * DAY)


def _beside(period: Period, day: date, week_start: int) -> Period:
    if period.kind is Kind.WEEK:
        return week(day, week_start)
    if period.kind is Kind.MONTH:
        return month(day)
    if period.kind is Kind.YEAR:
        return year(day.year)
    length = period.last - period.first
    return span(day - length, day) if day < period.first else span(day, day + length)


def title(period: Period) -> str:
    """`2026`, `November 2026`, `Week 48 of 2026`, `3 Mar to 9 Apr 2026`, `All time`."""
    if period.kind is Kind.ALL:
        return "All time"
    if period.kind is Kind.YEAR:
        return f"{period.first.year}"
    if period.kind is Kind.MONTH:
        return f"{period.first:%B %Y}"
    if period.kind is Kind.WEEK:
        of_year, number = period.address.split("-W")
        return f"Week {int(number)} of {of_year}"
    return dates(period.first, period.last)


def dates(first: date, last: date) -> str:
    """`3 to 9 Mar 2026`, as short as both ends allow."""
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if first.year != last.year:
        return f"{first.day} {first:%b %Y} to {end}"
    if first.month != last.month:
        return f"{first.day} {first:%b} to {end}"
    return f"{first.day} to {end}"
