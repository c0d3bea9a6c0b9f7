"""What an archive knows of a span of time, as pages say it beside every figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from audiospective import clock
from audiospective.policy import archive_state, calendar, in_words, known_time
from audiospective.policy.archive_state import ArchiveState, Missing
from audiospective.policy.known_time import Known
from audiospective.stats.listening import Listening
from audiospective.web.health.words import cause

UNCHECKED = "Not checked yet"
SHOWN = 6  # spans that are named one by one


@dataclass(frozen=True)
class Unknown:
    """Time of which nothing is known: its days, and why in words."""

    first: date
    last: date
    length: str
    why: str


@dataclass(frozen=True)
class Knowledge:
    """How much of a span is known; `share` from 0 to 1, `percent` as it is written."""

    share: float
    percent: str
    unknown: tuple[Unknown, ...]
    more: int  # spans that are not named
    begins: date | None = None  # the day on which the archive begins, if that is after the start


def of(state: ArchiveState, listening: Listening, now: datetime) -> Known:
    """What the archive knows at all, from the state that every page shows."""
    probable, _ = archive_state.spans(state.gaps, now)
    imported = [(clock.from_ms(start), clock.from_ms(end)) for start, end in listening.imported()]
    return known_time.of(state.began, state.known_until or now, probable, imported)


def between(
    found: Known, state: ArchiveState, zone: str, first: date, last: date, now: datetime, *,
    own: bool = True, whole: bool = False,
) -> Knowledge:  # fmt: skip
    """What is known of the days from `first` to `last`; `own`: in words for the member.

    `whole`: the time is the archive's own, so that the first day counts from when that begins.
    """
    start, end = calendar.days(zone, first, last)
    begins = found.since if found.since is not None and start < found.since < end else None
    if whole and begins is not None and begins < calendar.day(zone, first)[1]:
        start, begins = begins, None
    if passed := known_time.unchecked(found, start, end, now):
        day = min(last, calendar.today(zone, now))
        missing = Unknown(first, day, _length(passed), UNCHECKED)
        return Knowledge(0.0, in_words.percent(0), (missing,), 0)
    end = min(end, found.until)
    spans = [span for span in known_time.unknown_spans(found, start, end) if _counts(span)]
    share = known_time.share(found, start, end)
    return Knowledge(
        share=share,
        percent=in_words.percent(share),
        unknown=tuple(
            Unknown(
                calendar.today(zone, one[0]),
                calendar.today(zone, one[1]),
                _length(one),
                _why(one, state, found, now, own=own),
            )
            for one in sorted(spans, key=lambda one: one[0] - one[1])[:SHOWN]
        ),
        more=max(0, len(spans) - SHOWN),
        begins=None if begins is None else calendar.today(zone, begins),
    )


def _counts(span: tuple[datetime, datetime]) -> bool:
    return (span[1] - span[0]).total_seconds() >= 60


def _length(span: tuple[datetime, datetime]) -> str:
    seconds = (span[1] - span[0]).total_seconds()
    if seconds < 2 * 86_400:
        return in_words.duration(round(seconds * 1000))
    return f"{round(seconds / 86_400):,} days"


def _why(
    span: tuple[datetime, datetime], state: ArchiveState, found: Known, now: datetime, *, own: bool
) -> str:  # fmt: skip
    gap = next((one for one in state.open_gaps if _overlap(one, span, now)), None)
    if gap is not None:
        return cause(gap, own=own)
    if found.since is None or span[1] <= found.since:
        return f"Before {'your' if own else 'the'} archive begins"
    return f"Neither checked nor in a file{' you brought' if own else ''}"


def _overlap(gap: Missing, span: tuple[datetime, datetime], now: datetime) -> bool:
    return gap.probably_from < span[1] and span[0] < (gap.ended_at or now)
