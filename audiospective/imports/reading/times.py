"""Instants as UTC milliseconds from the ways in which files write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audiospective.imports.reading.values import number

EARLIEST = 915_148_800_000  # 1999-01-01: no listening history on a computer is older
DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|UTC|[+-]\d\d:?\d\d)?\Z",
    re.ASCII,
)


def in_range(instant: int, now: int) -> bool:
    """Not before 1999, and not more than a day after `now`."""
    return EARLIEST <= instant <= now + DAY


def unix(value: object) -> int | None:
    """Milliseconds from Unix seconds or, when it is over 10^11, milliseconds."""
    found = number(value)
    if found is None or found <= 0:
        return None
    instant = round(found if found > 1e11 else found * 1000)
    return instant if instant < 1e15 else None


def iso(value: object, zone: ZoneInfo | None = None) -> int | None:
    """An ISO 8601 time or date; one without an offset is of `zone`, without either UTC."""
    match = _ISO.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    wall = of(at(year, month, day, hour, minute, second))
    if wall is None:
        return None
    instant = wall + int((match[7] or "0").ljust(3, "0")[:3])
    offset = match[8]
    if offset and offset not in ("Z", "UTC"):
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        return instant - minutes * 60_000 * (1 if offset[0] == "+" else -1)
    return localized(instant, zone) if zone and not offset else instant


def at(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    """The UTC time of these numbers, None if there is none; a leap second is the second before."""
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def of(wall: datetime | None) -> int | None:
    """Milliseconds of an aware time."""
    return None if wall is None else _milliseconds(wall)


def localized(instant: int, zone: ZoneInfo) -> int:
    """UTC from a wall clock's time counted as if it were UTC; of a doubled hour the first."""
    try:
        wall = (_EPOCH + timedelta(milliseconds=instant)).replace(tzinfo=zone)
        return _milliseconds(wall.astimezone(UTC))
    except OverflowError:  # the year 1 or 9999: out of every range anyway
        return instant


def midnight(day: date) -> int:
    return _milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))


def zone(name: object) -> ZoneInfo | None:
    """The time zone of that name; None for nonsense."""
    if not isinstance(name, str) or not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def shown(instant: int | None) -> str:
    """For people, in UTC to the second; empty where there is none."""
    try:
        return f"{_EPOCH + timedelta(milliseconds=instant or 0):%Y-%m-%d %H:%M:%S}" * bool(instant)
    except OverflowError:
        return ""


def _milliseconds(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)
