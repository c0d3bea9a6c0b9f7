"""What is known of the past: the time that checks and imports tell of, less the open gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from audiospective.policy import calendar, stretches

Span = tuple[datetime, datetime]

NOTHING = timedelta(0)
LEAST = timedelta(hours=1)  # less that is not known leaves a day known


@dataclass(frozen=True)
class Known:
    """`spans` are sorted and apart; nothing is said of the time after `until`."""

    spans: tuple[Span, ...]
    until: datetime

    @property
    def since(self) -> datetime | None:
        """The first instant that is known."""
        return self.spans[0][0] if self.spans else None


def of(
    began: datetime | None,
    until: datetime,
    gaps: Iterable[Span],
    imported: Iterable[Span],
) -> Known:
    """What is known of an archive whose checks tell of everything from `began` to `until`.

    `gaps` are the open ones. `imported` is the time that files tell of: it counts where nobody
    checked; where checks were made, gaps that a file covers are closed already.
    """
    end = until if began is None else min(began, until)
    found = [(start, min(stop, end)) for start, stop in imported if start < end]
    if began is not None and began < until:
        found.append((began, until))
    return Known(tuple(stretches.without(stretches.joined(found), gaps)), until)


def share(known: Known, start: datetime, end: datetime) -> float:
    """How much of the time from `start` to `end` is known, 0 to 1; time to come does not count."""
    end = min(end, known.until)
    if end <= start:
        return 1.0
    return sum((_shared(one, (start, end)) for one in known.spans), NOTHING) / (end - start)


def unknown_spans(known: Known, start: datetime, end: datetime) -> list[Span]:
    """What is not known between two instants, in order."""
    end = min(end, known.until)
    found, at = [], start
    for first, last in known.spans:
        if last <= at or first >= end:
            continue
        if first > at:
            found.append((at, first))
        at = max(at, last)
    if at < end:
        found.append((at, end))
    return found


def unchecked(known: Known, start: datetime, end: datetime, now: datetime) -> Span | None:
    """What has passed of a time that began after all that is known; None if it began before."""
    return (start, min(end, now)) if known.until <= start < min(end, now) else None


def unknown_days(
    known: Known, zone: str, first: date, last: date, now: datetime
) -> frozenset[date]:
    """The days of which an hour or more is not known; what is to come is none of them.

    A day that began before the last check is known as far as it was checked.
    """
    missing: dict[date, timedelta] = {}
    for start, end in unknown_spans(known, *calendar.days(zone, first, last)):
        day, final = calendar.today(zone, start), calendar.today(zone, end)
        while day <= final:
            length = _shared((start, end), calendar.day(zone, day))
            missing[day] = missing.get(day, NOTHING) + length
            day += timedelta(days=1)
    for day in _days_after(known, zone, first, last):
        if span := unchecked(known, *calendar.day(zone, day), now):
            missing[day] = span[1] - span[0]
    return frozenset(
        day for day, length in missing.items() if length >= LEAST and first <= day <= last
    )


def _days_after(known: Known, zone: str, first: date, last: date) -> Iterator[date]:
    day = max(first, calendar.today(zone, known.until))
    while day <= last:
        yield day
        day += timedelta(days=1)


def _shared(one: Span, other: Span) -> timedelta:
    return max(NOTHING, min(one[1], other[1]) - max(one[0], other[0]))
