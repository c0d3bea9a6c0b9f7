"""How many plays each day holds, in the member's zone: what a list of all plays is divided by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from audiospective import clock
from audiospective.history import reading, segment_store, version
from audiospective.history.version import Version
from audiospective.models import database
from audiospective.stats import cache, zones


@dataclass(frozen=True)
class PlaysByDay:
    """Plays by day and by (year, month), oldest first; only where there are any."""

    days: Mapping[date, int]
    months: Mapping[tuple[int, int], int]

    @property
    def plays(self) -> int:
        return sum(self.days.values())

    @property
    def first(self) -> date | None:
        return next(iter(self.days), None)

    @property
    def last(self) -> date | None:
        return next(reversed(self.days.keys()), None)  # type: ignore[call-overload]


ROOM = timedelta(days=2)

_kept = cache.Part(cache.shared, "plays by day")


def of(user_id: int, zone: str, at: str | None = None) -> PlaysByDay:
    """All of somebody's plays, whatever counts in figures; `at` is the archive's version, if known.

    Reads every segment once, and after a change only what has changed.
    """
    key = (database.obj, user_id, zone)
    kept: tuple[Version, PlaysByDay] | None = _kept.get(key)
    if kept is not None and kept[0].text == at:
        return kept[1]
    now = version.read(user_id)
    if kept is None or kept[0].text != now.text:
        found = _after(kept, now, user_id, zone)
        if not version.may_be_kept(user_id, now.text):
            return found
        kept = now, found
        _kept.put(key, kept)
    return kept[1]


def _after(
    kept: tuple[Version, PlaysByDay] | None, now: Version, user_id: int, zone: str
) -> PlaysByDay:
    since = segment_store.EVER if kept is None else version.differ_from(kept[0], now)
    if kept is None or since <= 0:
        return _counted({}, reading.between(user_id, None, None, ("played_at",)), zone, date.min)
    # No clock is two days away from UTC: what is on an earlier day ended before `since`.
    first = clock.from_ms(since).date() - ROOM
    start = clock.to_ms(datetime.combine(first - ROOM, time(), UTC))
    earlier = {day: many for day, many in kept[1].days.items() if day < first}
    return _counted(earlier, reading.between(user_id, start, None, ("played_at",)), zone, first)


def _counted(
    earlier: Mapping[date, int], plays: pl.DataFrame, zone: str, first: date
) -> PlaysByDay:
    """`earlier` days and those from `first` on of `plays`."""
    counted = zones.dates(plays, zone).value_counts().sort("date").rows()
    days = {**earlier, **{day: many for day, many in counted if day >= first}}
    months: dict[tuple[int, int], int] = {}
    for day, many in days.items():
        month = (day.year, day.month)
        months[month] = months.get(month, 0) + many
    return PlaysByDay(days, months)
