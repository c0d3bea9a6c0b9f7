"""What a report is made of, worked out before anything in it has a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from audiospective.policy import periods
from audiospective.policy.periods import Period
from audiospective.stats import activity, days, eras, firsts, places, sittings, skips, totals
from audiospective.stats.days import Day, Repeat
from audiospective.stats.eras import Era
from audiospective.stats.firsts import Arrival
from audiospective.stats.listening import Listening
from audiospective.stats.places import Place
from audiospective.stats.sittings import Sittings
from audiospective.stats.skips import Skips
from audiospective.stats.totals import Totals
from audiospective.web.figures import chart
from audiospective.web.figures.lines import Wanted

PLACES = 10
MOMENTS = 5
ERAS = 8
ENOUGH = 20  # plays; fewer make a list, not a report


@dataclass(frozen=True)
class Found:
    """`then` are the totals of the period before, as far as this one has come.

    `before` is None where the archive does not reach back to its beginning. `first` is the day of
    the first play of all.
    """

    period: Period
    until: date
    first: date
    before: Period | None
    same: Period | None
    now: Totals
    then: Totals | None
    places: dict[str, list[Place]]
    days: dict[date, int]
    week_hours: list[list[int]]
    discoveries: list[Arrival]
    rediscoveries: list[Arrival]
    repeats: list[Repeat]
    longest: Day | None
    sittings: Sittings
    eras: list[Era]
    skips: Skips

    @property
    def enough(self) -> bool:
        return self.now.plays >= ENOUGH


def find(listening: Listening, period: Period, today: date, first: date) -> Found:
    """Everything about a period that has begun; nothing is asked for but plays."""
    until = period.until(today)
    span = (period.first, until)
    before = periods.before(period, listening.view.week_start)
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
        places={kind: figure(places.of, kind, span, earlier, PLACES) for kind in chart.KINDS},
        days=figure(activity.days),
        week_hours=figure(activity.week_hours, *span),
        discoveries=figure(firsts.discoveries, *span, MOMENTS) if known_before else [],
        rediscoveries=figure(firsts.rediscoveries, *span, MOMENTS) if known_before else [],
        repeats=figure(days.repeats, *span, MOMENTS),
        longest=figure(days.longest, *span),
        sittings=figure(sittings.of, *span),
        eras=figure(eras.of, *span, ERAS),
        skips=figure(skips.of, *span),
    )


def collect(found: Found, wanted: Wanted) -> None:
    """Note which names the report needs."""
    for kind, ranked in found.places.items():
        chart.collect(wanted, kind, ranked)
    for arrival in (*found.discoveries, *found.rediscoveries):
        wanted.add("artist", [arrival.artist])
        wanted.add("track", [arrival.track])
    wanted.add("track", (one.track for one in found.repeats))
    wanted.add("artist", (era.artist for era in found.eras))
    if found.longest is not None:
        wanted.add("track", [found.longest.track])
