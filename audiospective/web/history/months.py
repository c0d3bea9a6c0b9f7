"""The calendar of months beside the list: how full each is, and where gaps are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from audiospective.policy.archive_state import Missing

STEPS = 4  # besides "none"
LIFETIME = 120  # years
INITIALS = "JFMAMJJASOND"


@dataclass(frozen=True)
class Month:
    """`step` is 0 (no plays) to 4; `path` is the last part of its address."""

    path: str
    initial: str
    name: str
    plays: int
    step: int
    has_gap: bool


@dataclass(frozen=True)
class Year:
    number: int
    plays: int
    months: list[Month]


def years(
    months: Mapping[tuple[int, int], int], gaps: Sequence[Missing], today: date, zone: tzinfo
) -> list[Year]:
    """All years from the first play to this one, newest first; months to come are left out.

    The steps are quarters of the member's own months. Where the first and the last play are more
    than a lifetime apart, years with nothing to show are left out.
    """
    if not months:
        return []
    full = sorted(months.values())
    bounds = [full[len(full) * step // STEPS] for step in range(1, STEPS)]
    open_ones = _with_gaps(gaps, today, zone)
    first, last = min(months)[0], max(today.year, max(months)[0])
    until = max((today.year, today.month), *months)
    found = []
    numbers: Sequence[int] = range(last, first - 1, -1)
    if len(numbers) > LIFETIME:
        numbers = sorted({year for year, _ in (*months, *open_ones)} | {today.year}, reverse=True)
    for year in numbers:
        of_year = [
            _month(year, number, months.get((year, number), 0), bounds, (year, number) in open_ones)
            for number in range(1, 13)
            if (year, number) <= until
        ]
        found.append(Year(year, sum(month.plays for month in of_year), of_year))
    return found


def _month(year: int, number: int, plays: int, bounds: Sequence[int], has_gap: bool) -> Month:
    step = 1 + bisect_left(bounds, plays) if plays else 0
    name = f"{date(year, number, 1):%B %Y}"
    return Month(f"{year:04}-{number:02}", INITIALS[number - 1], name, plays, step, has_gap)


def _with_gaps(gaps: Sequence[Missing], today: date, zone: tzinfo) -> set[tuple[int, int]]:
    found = set()
    for gap in gaps:
        if not gap.is_open:
            continue
        at = gap.begins_at.astimezone(zone)
        end = gap.ended_at.astimezone(zone) if gap.ended_at else today
        month = at.year, at.month
        while month <= (end.year, end.month):
            found.add(month)
            month = (month[0] + month[1] // 12, month[1] % 12 + 1)
    return found
