"""Days, months and years as people count them, in their own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def usable(zone: str) -> str:
    """The zone, UTC where this machine's list of zones has none of that name (any more)."""
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def midnight(zone: str, day: date) -> datetime:
    """The first instant of a day in an IANA zone, in UTC.

    Where clocks jump over midnight the day begins when they land; where midnight comes twice, with
    the first one. Days are 23 to 25 hours long, and a day that a zone skipped is empty.
    """
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def days(zone: str, first: date, last: date) -> tuple[datetime, datetime]:
    """From the first instant of `first` to the end of `last`, half-open, in UTC."""
    return midnight(zone, first), midnight(zone, last + timedelta(days=1))


def day(zone: str, at: date) -> tuple[datetime, datetime]:
    return days(zone, at, at)


def month(zone: str, year: int, number: int) -> tuple[datetime, datetime]:
    following = date(year + number // 12, number % 12 + 1, 1)
    return days(zone, date(year, number, 1), following - timedelta(days=1))


def year(zone: str, number: int) -> tuple[datetime, datetime]:
    return days(zone, date(number, 1, 1), date(number, 12, 31))


def today(zone: str, now: datetime) -> date:
    """The date that `now` (aware) has in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()
