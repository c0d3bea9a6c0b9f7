"""What is known of a member's time, as tapes: the last 90 days, and twelve months day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from audiospective import clock, history
from audiospective.policy import archive_state, calendar, completeness
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.completeness import Month, Span
from audiospective.web.charts import tape
from audiospective.web.charts.tape import Tape

DAYS = 90
MONTHS = 12
AXIS = 31 * 24  # hours: every month on the same axis of days
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class MonthTape:
    """A month as it is drawn; `checked` is None for one before checks began."""

    start: datetime
    tape: Tape
    checked: Month | None


@dataclass(frozen=True)
class Tapes:
    """`share` of the time since checks began is known, 0 to 1; None before the first check."""

    share: float | None
    days: int
    strip: Tape | None
    unknown_days: int
    months: tuple[MonthTape, ...]


NONE = Tapes(None, 0, None, 0, ())


def of(user_id: int, state: ArchiveState, zone: str, now: datetime) -> Tapes:
    """Reads the plays of a year; time after the last check is neither known nor lost."""
    began, until = state.began, state.known_until
    if began is None or until is None or until < began:
        return NONE
    lost, possible = archive_state.spans(state.gaps, now)
    today = calendar.today(zone, now)
    first, _ = calendar.day(zone, today - timedelta(days=DAYS - 1))
    _, last = calendar.day(zone, today)
    starts = _months(zone, now)
    heard = _heard(user_id, min(first, starts[-1][0]))
    checked = {one.start: one for one in completeness.months(zone, began, until, lost, possible)}
    unknown = [*lost, *possible]
    return Tapes(
        share=completeness.share(began, until, lost),
        days=max(1, round((until - began) / timedelta(days=1))),
        strip=tape.of(first, last, _hours(heard, (first, last)), unknown, now=until, began=began),
        unknown_days=_days(zone, unknown, max(first, began), until),
        months=tuple(
            MonthTape(
                start,
                tape.of(start, end, hours, unknown, now=min(until, end), began=began, width=AXIS),
                checked.get(start),
            )
            for start, end in starts
            if (hours := _hours(heard, (start, end))) or start in checked
        ),
    )


def _months(zone: str, now: datetime) -> list[Span]:
    """The last twelve months, newest first."""
    today = calendar.today(zone, now)
    found = []
    for back in range(MONTHS):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        found.append(calendar.month(zone, year, month + 1))
    return found


def _heard(user_id: int, since: datetime) -> pl.Series:
    """Instants (ms) at which plays ended."""
    return history.frame(user_id, since, columns=["played_at"])["played_at"].to_physical()


def _hours(heard: pl.Series, span: Span) -> list[int]:
    """The hours since the start of a span in which plays ended."""
    start, end = clock.to_ms(span[0]), clock.to_ms(span[1])
    inside = heard.filter((heard >= start) & (heard < end))
    found: list[int] = ((inside - start) // (HOUR // timedelta(milliseconds=1))).unique().to_list()
    return found


def _days(zone: str, unknown: Sequence[Span], start: datetime, end: datetime) -> int:
    """How many days between two instants a gap touches."""
    days = set()
    for first, last in unknown:
        day, final = max(first, start), min(last, end)
        while day < final:
            days.add(calendar.today(zone, day))
            day = calendar.day(zone, calendar.today(zone, day))[1]
    return len(days)
