"""Times as people and programs write them in tables: which kind, which order, which precision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audiospective.imports.plays import DAY, MINUTE, SECOND
from audiospective.imports.reading import times

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_CLOCK = (
    r"(?:[,T ]+(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?(?:\.\d+)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_NUMBERS = re.compile(
    r"(?P<one>\d{1,2})(?P<sign>[/.-])(?P<two>\d{1,2})(?P=sign)(?P<year>\d{4})" + _CLOCK + r"\Z",
    re.ASCII,
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[/.](?P<one>\d{1,2})[/.](?P<two>\d{1,2})" + _CLOCK + r"\Z", re.ASCII
)
_DAY_NAMED = re.compile(
    r"(?:\w{3,9}, )?(?P<day>\d{1,2})\.? (?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})"
    + _CLOCK
    + r"\Z"
)
_MONTH_NAMED = re.compile(
    r"(?:\w{3,9}, )?(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _CLOCK + r"\Z"
)
_ZONED = re.compile(r"\d(?:Z|\s?UTC|\s?GMT|\s?[+-]\d\d:?\d\d)\Z")
_UNIX = re.compile(r"\d{9,13}(?:[.,]\d+)?\Z", re.ASCII)


class Read(NamedTuple):
    """UTC milliseconds (of a wall clock, if the zone is not known), and what is known of it."""

    instant: int
    precision: int
    zone_known: bool


@dataclass
class Column:
    """What a whole column tells of its dates; `add` every value, then ask."""

    day_first: int = 0  # values that are only dates with the day first
    month_first: int = 0
    either: int = 0
    zoneless: int = 0

    def add(self, written: str) -> None:
        match = _NUMBERS.match(written)
        if match:
            one, two = int(match["one"]), int(match["two"])
            if match["sign"] == "." or one > 12:
                self.day_first += 1
            elif two > 12:
                self.month_first += 1
            elif one != two:
                self.either += 1
        if written and not _UNIX.match(written) and not _ZONED.search(written):
            self.zoneless += 1

    @property
    def is_day_first(self) -> bool | None:
        """None where every date could be read both ways."""
        if not self.day_first and not self.month_first and self.either:
            return None
        return self.day_first >= self.month_first


def read(written: str, day_first: bool, zone: ZoneInfo | None) -> Read | None:
    """The time; one that names no zone is of `zone`, if there is one."""
    written = written.strip()
    if _UNIX.match(written):
        instant = times.unix(written)
        return None if instant is None else Read(instant, SECOND, True)
    iso = times.iso(written, zone)
    if iso is not None:
        clock = written[10:]
        precision = SECOND if clock.count(":") > 1 else MINUTE if clock else DAY
        return Read(iso, precision, zone is not None or bool(_ZONED.search(written)))
    wall = _wall(re.sub(r"\s?(?:UTC|GMT)\Z", "", written), day_first)
    if wall is None:
        return None
    if _ZONED.search(written):
        return Read(wall.instant, wall.precision, True)
    instant = times.localized(wall.instant, zone) if zone else wall.instant
    return Read(instant, wall.precision, zone is not None)


def _wall(written: str, day_first: bool) -> Read | None:
    match = _NUMBERS.match(written)
    if match:
        first, second = int(match["one"]), int(match["two"])
        day, month = (first, second) if day_first else (second, first)
        return _at(match, month, day)
    match = _YEAR_FIRST.match(written)
    if match:
        return _at(match, int(match["one"]), int(match["two"]))
    match = _DAY_NAMED.match(written) or _MONTH_NAMED.match(written)
    if match and match["month"][:3].lower() in _MONTHS:
        return _at(match, _MONTHS.index(match["month"][:3].lower()) + 1, int(match["day"]))
    return None


def _at(match: re.Match[str], month: int, day: int) -> Read | None:
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    wall = times.at(
        int(match["year"]), month, day, hour, int(match["minute"] or 0), int(match["second"] or 0)
    )
    instant = times.of(wall)
    if instant is None:
        return None
    precision = SECOND if match["second"] else MINUTE if match["hour"] else DAY
    return Read(instant, precision, False)


def columns(values: Iterable[str]) -> Column:
    """What all values of a column tell together."""
    column = Column()
    for value in values:
        column.add(value.strip())
    return column
