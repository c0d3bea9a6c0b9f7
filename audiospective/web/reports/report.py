"""A report as a page shows it: figures with names, charts and sentences.

One module although it is long: the panels of a report share its figures and its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from audiospective.policy import calendar, counting, known_time, periods
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.counting import Counting
from audiospective.policy.in_words import plural
from audiospective.policy.periods import Kind, Period
from audiospective.stats import totals
from audiospective.stats.days import Day
from audiospective.stats.decades import Decades
from audiospective.stats.eras import Era
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.firsts import Arrival
from audiospective.stats.listening import Listening
from audiospective.stats.rankings import Place
from audiospective.stats.repeats import Repeat
from audiospective.stats.totals import Totals
from audiospective.web.charts import bars, ring, spark, week_hours
from audiospective.web.charts.bars import Bars
from audiospective.web.charts.ring import Ring
from audiospective.web.charts.spark import Spark
from audiospective.web.charts.week_hours import WeekHours
from audiospective.web.figures import known_time as knowing
from audiospective.web.figures import ranked_list, words
from audiospective.web.figures.known_time import Knowledge
from audiospective.web.figures.lines import Line, Lines, Wanted
from audiospective.web.figures.ranked_list import RankedList
from audiospective.web.panels import Failed, then
from audiospective.web.reports import day_bars, sentences
from audiospective.web.reports import figures as finding
from audiospective.web.reports.figures import Found


@dataclass(frozen=True)
class Moment:
    """A line with the date it stands for, in short, and what there is to say."""

    stamp: str
    line: Line
    note: str


@dataclass(frozen=True)
class EraLine:
    """An artist, how much they were heard over time, and when most, in words."""

    line: Line
    spark: Spark
    peak: str


@dataclass(frozen=True)
class Hours:
    """The clock and the hours of the week, with the finding of the first."""

    clock: Ring
    words: str
    week: WeekHours


@dataclass(frozen=True)
class Lengths:
    """Sittings by length, and what there is to say of them."""

    chart: Bars
    words: str
    count: int


@dataclass(frozen=True)
class Longest:
    """The longest day in words, and what was heard most on it."""

    moment: Moment
    words: str


@dataclass(frozen=True)
class Released:
    """What was heard by the decade of its release; `told` says of how much that is known."""

    chart: Bars
    finding: str
    told: str


@dataclass(frozen=True)
class Report:
    """`is_open`: the period is not over. `enough`: there are plays to say more than totals.

    `before` is the title of the period that figures are compared with, `then` its totals. What may
    have failed is a panel by itself; None is one of which there is nothing to say.
    """

    period: Period
    title: str
    dates: str
    is_open: bool
    enough: bool
    headline: str
    lead: tuple[str, ...]
    now: Totals
    then: Totals | None
    before: str | None
    counted: str
    knowledge: Knowledge
    days: Bars
    days_what: str
    ranked_lists: tuple[RankedList, ...] | Failed
    hours: Hours | Failed
    sittings: Lengths | Failed
    discoveries: tuple[Moment, ...] | Failed
    rediscoveries: tuple[Moment, ...] | Failed
    repeats: tuple[Moment, ...] | Failed
    longest: Longest | Failed | None
    eras: tuple[EraLine, ...] | Failed
    decades: Released | Failed | None
    skips: str | Failed | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing in it failed."""
        return not any(isinstance(value, Failed) for value in vars(self).values())


def first_day(listening: Listening) -> date | None:
    """The day of the first play that counts."""
    return listening.figure(totals.first_day)


def of(
    listening: Listening, state: ArchiveState, period: Period, now: datetime, *, linked: bool = True
) -> Report:
    """The report of a period that has begun; two queries for its names.

    `linked`: for the member; else for anybody: no name leads to a page of music, and no time of a
    play is told.
    """
    options = listening.options
    today = calendar.today(options.zone, now)
    found = finding.find(listening, period, today, first_day(listening) or today)
    wanted = Wanted()
    finding.collect(found, wanted)
    lines = wanted.look_up(linked=linked)
    archive = knowing.of(state, listening, now)
    not_known = known_time.unknown_days(archive, options.zone, period.first, found.until, now)
    bars_of_days, what = day_bars.of(found.days, period, found.until, not_known, options.counting)

    return Report(
        period=period,
        title=periods.title(period),
        dates=periods.dates(period.first, period.last),
        is_open=not period.is_over(today),
        enough=found.enough,
        headline=sentences.headline(found, _leader(found, lines)),
        lead=tuple(sentences.lead(found, options.counting)),
        now=found.now,
        then=found.then,
        before=sentences.in_words(found.before) if found.before else None,
        counted=counting.words(options.counting),
        knowledge=knowing.between(
            archive,
            state,
            options.zone,
            period.first,
            found.until,
            now,
            own=linked,
            whole=period.kind is Kind.ALL,
        ),
        days=bars_of_days,
        days_what=what,
        ranked_lists=then(
            "ranked lists",
            found.places,
            lambda places: _ranked_lists(found, places, lines, options),
        ),
        hours=then("hours", found.week_hours, lambda grid: _hours(grid, options)),
        sittings=then(
            "sittings",
            found.sittings,
            lambda own: Lengths(
                bars.of(sentences.sizes(own)), sentences.sittings(own, timed=linked), own.count
            ),
        ),
        discoveries=then(
            "discoveries",
            found.discoveries,
            lambda some: _arrivals(some, lines, period, lambda one: _since(one.plays)),
        ),
        rediscoveries=then(
            "rediscoveries",
            found.rediscoveries,
            lambda some: _arrivals(
                some, lines, period, lambda one: f"silent since {one.away:%b %Y}"
            ),
        ),
        repeats=then("repeats", found.repeats, lambda some: _repeats(some, lines, period)),
        longest=then("longest day", found.longest, lambda day: _longest(day, found, lines)),
        eras=then("eras", found.eras, lambda some: _eras(some, found, lines)),
        decades=then("decades", found.decades, lambda own: _released(own, options.counting)),
        skips=then("skips", found.skips, lambda own: sentences.skips(own, found.now.plays)),
    )


def _leader(found: Found, lines: Lines) -> str:
    ranked = [] if isinstance(found.places, Failed) else found.places["artist"]
    return lines.artist(ranked[0].one, ranked[0].track).title if ranked else ""


def _short(day: date, period: Period) -> str:
    return f"{day.day} {day:%b}" if period.days <= day_bars.DAYS else f"{day:%b %Y}"


def _since(plays: int) -> str:
    return f"{plural(plays, 'play')} since"


def _ranked_lists(
    found: Found, places: dict[str, list[Place]], lines: Lines, options: FigureOptions
) -> tuple[RankedList, ...]:
    sums = {"artist": found.now.artists, "album": found.now.albums, "track": found.now.tracks}
    moves = found.before is not None
    return tuple(
        ranked_list.of(kind, ranked, sums[kind], lines, options.counting, moves=moves)
        for kind, ranked in places.items()
    )


def _hours(grid: list[list[int]], options: FigureOptions) -> Hours:
    worded = partial(words.amount, counting=options.counting)
    hours = [sum(day[hour] for day in grid) for hour in range(24)]
    return Hours(
        ring.of(hours, worded=worded),
        sentences.clock(hours),
        week_hours.of(grid, week_start=options.week_start, worded=worded),
    )


def _arrivals(
    found: Sequence[Arrival], lines: Lines, period: Period, note: Callable[[Arrival], str]
) -> tuple[Moment, ...]:
    return tuple(
        Moment(_short(one.day, period), lines.artist(one.artist, one.track), note(one))
        for one in found
    )


def _repeats(found: Sequence[Repeat], lines: Lines, period: Period) -> tuple[Moment, ...]:
    return tuple(
        Moment(_short(one.day, period), lines.track(one.track), f"{one.plays} times that day")
        for one in found
    )


def _longest(day: Day | None, found: Found, lines: Lines) -> Longest | None:
    if day is None:
        return None
    length = words.about(day.heard, found.now.guessed)
    return Longest(
        Moment(_short(day.day, found.period), lines.track(day.track), "most that day"),
        f"{words.weekday(day.day)}: {plural(day.plays, 'play')} in {length}.",
    )


def _eras(found: Sequence[Era], report: Found, lines: Lines) -> tuple[EraLine, ...]:
    most = max((max(era.amounts) for era in found), default=1)
    places = [] if isinstance(report.places, Failed) else report.places["artist"]
    tracks = {place.one: place.track for place in places}
    return tuple(
        EraLine(
            lines.artist(era.artist, tracks.get(era.artist, 0)),
            spark.of(era.amounts, most=most),
            f"most from {era.peak.day} {era.peak:%b %Y}",
        )
        for era in found
    )


def _released(found: Decades, counting: Counting) -> Released | None:
    if not found.dated:
        return None
    return Released(
        bars.of(
            [(f"{decade}s", amount) for decade, amount in found.amounts],
            worded=partial(words.amount, counting=counting),
        ),
        sentences.decades(found),
        sentences.dated(found),
    )
