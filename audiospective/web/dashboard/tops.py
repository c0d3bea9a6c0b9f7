"""The card of a period: its totals, what was heard most, and how that has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from audiospective.policy import periods
from audiospective.policy.periods import Kind, Period
from audiospective.stats import firsts, rankings, totals
from audiospective.stats.firsts import Arrival
from audiospective.stats.listening import Listening
from audiospective.stats.rankings import Place
from audiospective.stats.totals import Totals
from audiospective.web.figures import ranked_list
from audiospective.web.figures.lines import Line, Lines, Wanted
from audiospective.web.figures.ranked_list import RankedList

SHOWN = 6
NEW_SHOWN = 3
TABS = ((Kind.WEEK, "Week"), (Kind.MONTH, "Month"), (Kind.YEAR, "Year"), (Kind.ALL, "All time"))


@dataclass(frozen=True)
class Found:
    """What was worked out of a period, before anything has a name."""

    period: Period
    before: Period | None
    now: Totals
    then: Totals | None
    places: dict[str, list[Place]]
    arrivals: list[Arrival]


@dataclass(frozen=True)
class Card:
    """As the page shows it; `arrivals` are (line, day, plays) of artists new in the period."""

    period: Period
    title: str
    before: str | None
    now: Totals
    then: Totals | None
    ranked_lists: tuple[RankedList, ...]
    arrivals: tuple[tuple[Line, date, int], ...]


def period_of(kind: Kind, today: date, first: date, week_start: int) -> Period:
    """The period of a kind that `today` lies in."""
    if kind is Kind.WEEK:
        return periods.week(today, week_start)
    if kind is Kind.MONTH:
        return periods.month(today)
    return periods.year(today.year) if kind is Kind.YEAR else periods.all_time(first, today)


def find(
    listening: Listening, period: Period, today: date, first: date, wanted: Wanted, shown: int
) -> Found:
    """Everything that does not depend on names; `first` is the day of the first play."""
    until = period.until(today)
    before = periods.before(period, listening.options.week_start)
    if before is not None and before.first < first:
        before = None  # of a part of it there was nothing to compare with
    days = (period.first, until)
    earlier = (before.first, before.last) if before else None
    found = {
        kind: listening.figure(rankings.of, kind, days, earlier, shown)
        for kind in ranked_list.KINDS
    }
    same = periods.so_far(period, before, today) if before else None
    arrivals = (
        listening.figure(firsts.discoveries, *days, NEW_SHOWN) if period.first > first else []
    )
    for kind, ranked in found.items():
        ranked_list.collect(wanted, kind, ranked)
    wanted.add("artist", (one.artist for one in arrivals))
    wanted.add("track", (one.track for one in arrivals))
    return Found(
        period=period,
        before=before,
        now=listening.figure(totals.of, *days),
        then=listening.figure(totals.of, same.first, same.last) if same else None,
        places=found,
        arrivals=arrivals,
    )


def named(found: Found, lines: Lines, listening: Listening) -> Card:
    """The same with names."""
    return Card(
        period=found.period,
        title=periods.title(found.period),
        before=periods.title(found.before) if found.before else None,
        now=found.now,
        then=found.then,
        ranked_lists=ranked_lists(found, lines, listening),
        arrivals=tuple(
            (lines.artist(one.artist, one.track), one.day, one.plays) for one in found.arrivals
        ),
    )


def ranked_lists(found: Found, lines: Lines, listening: Listening) -> tuple[RankedList, ...]:
    """Its three lists."""
    sums = {"artist": found.now.artists, "album": found.now.albums, "track": found.now.tracks}
    counting = listening.options.counting
    return tuple(
        ranked_list.of(kind, ranked, sums[kind], lines, counting, moves=found.before is not None)
        for kind, ranked in found.places.items()
    )


def kind_of(wanted: str | None, kinds: Sequence[tuple[Kind, str]] = TABS) -> Kind:
    """The tab that an address asks for; the month, unless it names another."""
    return next((kind for kind, _ in kinds if kind == wanted), Kind.MONTH)
