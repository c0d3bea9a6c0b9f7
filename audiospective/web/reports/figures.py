"""What a report is made of, worked out before anything in it has a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from audiospective.policy import periods
from audiospective.policy.periods import Period
from audiospective.stats import (
    activity,
    days,
    decades,
    eras,
    firsts,
    rankings,
    repeats,
    sittings,
    skips,
    totals,
)
from audiospective.stats.days import Day
from audiospective.stats.decades import Decades
from audiospective.stats.eras import Era
from audiospective.stats.firsts import Arrival
from audiospective.stats.listening import Listening
from audiospective.stats.rankings import Days, Place
from audiospective.stats.repeats import Repeat
from audiospective.stats.sittings import Sittings
from audiospective.stats.skips import Skips
from audiospective.stats.totals import Totals
from audiospective.web.figures import ranked_list
from audiospective.web.figures.lines import Wanted
from audiospective.web.panels import Failed, made
from audiospective.web.panels import figure as panel

PLACES = 10
MOMENTS = 5
ERAS = 8
ENOUGH = 20  # plays; fewer make a list, not a report


@dataclass(frozen=True)
class Found:
    """`then` are the totals of the period before, as far as this one has come.

    `before` is None where the archive does not reach back to its beginning. `first` is the day of
    the first play of all. Totals and days make the report; each other figure may have failed.
    """

    period: Period
    until: date
    first: date
    before: Period | None
    same: Period | None
    now: Totals
    then: Totals | None
    days: dict[date, int]
    places: dict[str, list[Place]] | Failed
    week_hours: list[list[int]] | Failed
    discoveries: list[Arrival] | Failed
    rediscoveries: list[Arrival] | Failed
    repeats: list[Repeat] | Failed
    longest: Day | Failed | None
    sittings: Sittings | Failed
    eras: list[Era] | Failed
    decades: Decades | Failed
    skips: Skips | Failed

    @property
    def enough(self) -> bool:
        return self.now.plays >= ENOUGH


def find(listening: Listening, period: Period, today: date, first: date) -> Found:
    """Everything about a period that has begun; nothing is asked for but plays."""
    until = period.until(today)
    span = (period.first, until)
    before = periods.before(period, listening.options.week_start)
    if before is not None and before.first < first:
        before = None  # of a part of it there was nothing to compare with
    same = periods.so_far(period, before, today) if before else None
    earlier = (before.first, before.last) if before else None
    figure = listening.figure
    known_before = period.first > first
    return Found(
        period=period,
        until=until,
        first=first,
        before=before,
        same=same,
        now=figure(totals.of, *span),
        then=figure(totals.of, same.first, same.last) if same else None,
        days=figure(activity.days),
        places=made("places", _places, listening, span, earlier),
        week_hours=panel(listening, "hours", activity.week_hours, *span),
        discoveries=panel(listening, "discoveries", firsts.discoveries, *span, MOMENTS)
        if known_before
        else [],
        rediscoveries=panel(listening, "rediscoveries", firsts.rediscoveries, *span, MOMENTS)
        if known_before
        else [],
        repeats=panel(listening, "repeats", repeats.repeats, *span, MOMENTS),
        longest=panel(listening, "longest day", days.longest, *span),
        sittings=panel(listening, "sittings", sittings.of, *span),
        eras=panel(listening, "eras", eras.of, *span, ERAS),
        decades=panel(listening, "decades", decades.of, *span),
        skips=panel(listening, "skips", skips.of, *span),
    )


def collect(found: Found, wanted: Wanted) -> None:
    """Note which names the report needs."""
    if not isinstance(found.places, Failed):
        for kind, ranked in found.places.items():
            ranked_list.collect(wanted, kind, ranked)
    for arrivals in (found.discoveries, found.rediscoveries):
        if not isinstance(arrivals, Failed):
            wanted.add("artist", (one.artist for one in arrivals))
            wanted.add("track", (one.track for one in arrivals))
    if not isinstance(found.repeats, Failed):
        wanted.add("track", (one.track for one in found.repeats))
    if not isinstance(found.eras, Failed):
        wanted.add("artist", (era.artist for era in found.eras))
    if found.longest is not None and not isinstance(found.longest, Failed):
        wanted.add("track", [found.longest.track])


def _places(listening: Listening, span: Days, earlier: Days | None) -> dict[str, list[Place]]:
    return {
        kind: listening.figure(rankings.of, kind, span, earlier, PLACES)
        for kind in ranked_list.KINDS
    }
