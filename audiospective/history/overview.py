"""How many plays each day holds, in the member's zone: what a list of all plays is divided by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from audiospective.history import reading, version
from audiospective.models import database
from audiospective.stats import zones
from audiospective.stats.cache import Cache


@dataclass(frozen=True)
class Overview:
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


_kept = Cache(300)


def of(user_id: int, zone: str, at: str | None = None) -> Overview:
    """All of somebody's plays, whatever counts in figures; `at` is the archive's version, if known.

    Reads every segment once, then one small query until the archive changes.
    """
    before = at or version.of(user_id)
    key = (database.obj, user_id, before, zone)
    kept: Overview | None = _kept.get(key)
    if kept is not None:
        return kept
    plays = reading.between(user_id, None, None, ("played_at",))
    counted = zones.dates(plays, zone).value_counts().sort("date").rows()
    months: dict[tuple[int, int], int] = {}
    for day, many in counted:
        month = (day.year, day.month)
        months[month] = months.get(month, 0) + many
    found = Overview(dict(counted), months)
    if version.may_be_kept(user_id, before):
        _kept.put(key, found)
    return found
