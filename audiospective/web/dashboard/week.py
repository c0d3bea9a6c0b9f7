"""This week next to last week, and today next to yesterday, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from audiospective.policy import periods
from audiospective.policy.in_words import plural
from audiospective.policy.periods import Period
from audiospective.stats import activity, totals
from audiospective.stats.listening import Listening
from audiospective.stats.totals import Totals
from audiospective.web.charts import bars
from audiospective.web.charts.bars import Bars
from audiospective.web.figures import words

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """`lead` is the finding, `sentences` say the rest; `chart` shows both weeks by day."""

    period: Period
    lead: str
    sentences: tuple[str, ...]
    chart: Bars
    finding: str


def of(
    listening: Listening, today: date, unknown: frozenset[date], first: date | None
) -> Week | None:
    """The week that `today` lies in; None before the first play (`first` is its day)."""
    if first is None:
        return None
    period = periods.week(today, listening.options.week_start)
    earlier = periods.week(period.first - DAY, listening.options.week_start)
    same = periods.so_far(period, earlier, today)
    now = listening.figure(totals.of, period.first, today)
    before = listening.figure(totals.of, same.first, same.last)
    days = listening.figure(activity.days)
    compare = first <= same.first
    worded = listening.options.counting
    known = any(
        period.first + n * DAY not in unknown for n in range((today - period.first).days + 1)
    )
    return Week(
        period=period,
        lead=_lead(now, listening, known=known),
        sentences=_sentences(now, before if compare and known else None, days, today, unknown,
                             listening),
        chart=bars.of(
            [(f"{period.first + n * DAY:%a}", days.get(period.first + n * DAY, 0))
             for n in range(7)],
            unknown=[n for n in range(7) if period.first + n * DAY in unknown],
            compare=[days.get(earlier.first + n * DAY, 0) for n in range(7)] if compare else [],
            worded=lambda value: words.amount(value, worded),
        ),
        finding="This week by day" + (", last week as lines" if compare else ""),
    )  # fmt: skip


def _lead(now: Totals, listening: Listening, *, known: bool) -> str:
    if now.plays:
        return f"{words.amount(now.amount, listening.options.counting)} this week"
    return "Nothing heard yet this week" if known else "This week is not known"


def _sentences(
    now: Totals,
    before: Totals | None,
    days: dict[date, int],
    today: date,
    unknown: frozenset[date],
    listening: Listening,
) -> tuple[str, ...]:
    """`before`: last week up to the same day, None where there is nothing to compare with."""
    counting = listening.options.counting
    found = []
    if now.plays:
        length = words.about(now.heard, now.guessed)
        share = plural(now.plays, "play") if counting.by_time else f"In {length}"
        found.append(f"{share}, {plural(now.artists, 'artist')}{_new(now, before)}.")
    if before is not None and (before.plays or now.plays):
        until = f"by {today:%A} last week"
        compared = words.compared(now.plays, before.plays)
        found.append(f"{compared[0].upper()}{compared[1:]} {until} ({before.plays:,}).")

    def day(at: date, nothing: str) -> str:
        if amount := days.get(at, 0):
            return words.amount(amount, counting)
        return "not known" if at in unknown else nothing

    found.append(f"Today {day(today, 'nothing yet')}, yesterday {day(today - DAY, 'nothing')}.")
    return tuple(found)


def _new(now: Totals, before: Totals | None) -> str:
    """Who was never heard before; in somebody's first weeks that is nearly everybody."""
    if before is None:
        return ""
    return f", {now.new_artists:,} of them new to you" if now.new_artists else ", none of them new"
