"""Everything on the dashboard that is worked out from plays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from audiospective.policy import known_time as knowing
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.periods import Kind
from audiospective.stats import activity, totals
from audiospective.stats.listening import Listening
from audiospective.web.charts import heatmap
from audiospective.web.charts.heatmap import Heatmap
from audiospective.web.dashboard import numbers, tops, week
from audiospective.web.dashboard.numbers import Numbers
from audiospective.web.dashboard.tops import Card
from audiospective.web.dashboard.week import Week
from audiospective.web.figures import known_time, words
from audiospective.web.figures.known_time import Knowledge
from audiospective.web.figures.lines import Lines, Wanted
from audiospective.web.panels import Failed, made, then

WEEKS = 53


@dataclass(frozen=True)
class Year:
    """The days of the last year, with the finding in words."""

    chart: Heatmap
    finding: str


@dataclass(frozen=True)
class Music:
    """`knowledge` is of all time, `card_knowledge` of the period of the card, `kind`."""

    kind: Kind
    week: Week | Failed | None
    numbers: Numbers | Failed
    card: Card | Failed
    card_knowledge: Knowledge
    knowledge: Knowledge
    year: Year | Failed


def of(
    listening: Listening, state: ArchiveState, now: datetime, kind: Kind, wanted: Wanted
) -> tuple[Music | None, Lines]:
    """The figures, None without a play that counts, and names of all that is `wanted`, too."""
    first = listening.figure(totals.first_day)
    if first is None:
        return None, wanted.look_up()
    options = listening.options
    today = numbers.today_of(listening, now)
    found = known_time.of(state, listening, now)
    beside = made("numbers", numbers.find, listening, found, now, first, wanted)
    period = tops.period_of(kind, today, first, options.week_start)
    card = made("tops", tops.find, listening, period, today, first, wanted, tops.SHOWN)
    lines = wanted.look_up()
    begin = today - timedelta(days=(WEEKS - 1) * 7 + (today.isoweekday() - options.week_start) % 7)
    unknown = knowing.unknown_days(found, options.zone, begin, today, now)
    music = Music(
        kind=kind,
        week=made("week", week.of, listening, today, unknown, first),
        numbers=then("numbers", beside, lambda own: numbers.named(own, lines)),
        card=then("tops", card, lambda own: tops.named(own, lines, listening)),
        card_knowledge=known_time.between(
            found,
            state,
            options.zone,
            period.first,
            period.until(today),
            now,
            whole=kind is Kind.ALL,
        ),
        knowledge=known_time.between(found, state, options.zone, first, today, now, whole=True),
        year=made("year", _year, listening, begin, today, unknown),
    )
    return music, lines


def _year(listening: Listening, first: date, last: date, unknown: frozenset[date]) -> Year:
    options = listening.options
    plays = listening.figure(totals.recent, first, last)
    chart = heatmap.of(
        listening.figure(activity.days),
        first,
        last,
        unknown=unknown,
        week_start=options.week_start,
        worded=lambda value: words.amount(value, options.counting),
    )
    return Year(chart, f"{WEEKS} weeks, {plays:,} plays")
