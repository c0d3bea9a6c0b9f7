"""A report as a page shows it: figures with names, charts and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from audiospective.policy import calendar, counting, known, periods
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.periods import Period
from audiospective.stats import totals
from audiospective.stats.listening import Listening
from audiospective.stats.totals import Totals
from audiospective.web.charts import bars, ring, spark, week_hours
from audiospective.web.charts.bars import Bars
from audiospective.web.charts.ring import Ring
from audiospective.web.charts.spark import Spark
from audiospective.web.charts.week_hours import WeekHours
from audiospective.web.figures import chart, words
from audiospective.web.figures import known as knowing
from audiospective.web.figures.chart import Chart
from audiospective.web.figures.known import Knowledge
from audiospective.web.figures.lines import Line, Lines, Wanted
from audiospective.web.filters import plural
from audiospective.web.reports import found as finding
from audiospective.web.reports import ribbon, sentences
from audiospective.web.reports.found import Found


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
class Report:
    """`is_open`: the period is not over. `enough`: there are plays to say more than totals.

    `before` is the title of the period that figures are compared with, `then` its totals.
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
    ribbon: Bars
    ribbon_what: str
    charts: tuple[Chart, ...]
    clock: Ring
    clock_words: str
    week: WeekHours
    sittings: Bars
    sittings_words: str
    sittings_count: int
    discoveries: tuple[Moment, ...]
    rediscoveries: tuple[Moment, ...]
    repeats: tuple[Moment, ...]
    longest: Moment | None
    longest_words: str
    eras: tuple[EraLine, ...]
    skips: str | None


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
    view = listening.view
    today = calendar.today(view.zone, now)
    found = finding.find(listening, period, today, first_day(listening) or today)
    wanted = Wanted()
    finding.collect(found, wanted)
    lines = wanted.look_up(linked=linked)
    archive = knowing.of(state, listening, now)
    not_known = known.unknown_days(archive, view.zone, period.first, found.until, now)
    skyline, what = ribbon.of(found.days, period, found.until, not_known, view.counting)

    def worded(value: int) -> str:
        return words.amount(value, view.counting)

    hours = [sum(day[hour] for day in found.week_hours) for hour in range(24)]
    sums = {"artist": found.now.artists, "album": found.now.albums, "track": found.now.tracks}
    return Report(
        period=period,
        title=periods.title(period),
        dates=periods.dates(period.first, period.last),
        is_open=not period.is_over(today),
        enough=found.enough,
        headline=sentences.headline(found, _leader(found, lines)),
        lead=tuple(sentences.lead(found, view.counting)),
        now=found.now,
        then=found.then,
        before=sentences.in_words(found.before) if found.before else None,
        counted=counting.words(view.counting),
        knowledge=knowing.between(
            archive, state, view.zone, period.first, found.until, now, own=linked
        ),
        ribbon=skyline,
        ribbon_what=what,
        charts=tuple(
            chart.of(kind, ranked, sums[kind], lines, view.counting,
                     moves=found.before is not None)
            for kind, ranked in found.places.items()
        ),
        clock=ring.of(hours, worded=worded),
        clock_words=sentences.clock(hours),
        week=week_hours.of(found.week_hours, week_start=view.week_start, worded=worded),
        sittings=bars.of(sentences.sizes(found.sittings)),
        sittings_words=sentences.sittings(found.sittings, timed=linked),
        sittings_count=found.sittings.count,
        longest=_longest(found, lines),
        longest_words=_longest_words(found),
        eras=_eras(found, lines),
        skips=sentences.skips(found.skips, found.now.plays),
        **_moments(found, lines),
    )  # fmt: skip


def _leader(found: Found, lines: Lines) -> str:
    ranked = found.places["artist"]
    return lines.artist(ranked[0].one, ranked[0].track).title if ranked else ""


def _short(day: date, period: Period) -> str:
    return f"{day.day} {day:%b}" if period.days <= ribbon.DAYS else f"{day:%b %Y}"


def _moments(found: Found, lines: Lines) -> dict[str, tuple[Moment, ...]]:
    period = found.period
    return {
        "discoveries": tuple(
            Moment(_short(one.day, period), lines.artist(one.artist, one.track),
                   f"{plural(one.plays, 'play')} since")
            for one in found.discoveries
        ),
        "rediscoveries": tuple(
            Moment(_short(one.day, period), lines.artist(one.artist, one.track),
                   f"silent since {one.away:%b %Y}")
            for one in found.rediscoveries
        ),
        "repeats": tuple(
            Moment(_short(one.day, period), lines.track(one.track), f"{one.plays} times that day")
            for one in found.repeats
        ),
    }  # fmt: skip


def _longest(found: Found, lines: Lines) -> Moment | None:
    day = found.longest
    if day is None:
        return None
    return Moment(_short(day.day, found.period), lines.track(day.track), "most that day")


def _longest_words(found: Found) -> str:
    day = found.longest
    if day is None:
        return ""
    return (
        f"{words.weekday(day.day)}: {plural(day.plays, 'play')} in "
        f"{words.about(day.heard, found.now.guessed)}."
    )


def _eras(found: Found, lines: Lines) -> tuple[EraLine, ...]:
    most = max((max(era.amounts) for era in found.eras), default=1)
    tracks = {place.one: place.track for place in found.places["artist"]}
    return tuple(
        EraLine(
            lines.artist(era.artist, tracks[era.artist]),
            spark.of(era.amounts, most=most),
            f"most from {era.peak.day} {era.peak:%B %Y}",
        )
        for era in found.eras
    )
