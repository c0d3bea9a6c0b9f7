"""The timetable of polls: who is next, how often, and where in the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LONGEST_WINDOW = 10  # minutes that one plan covers, unless polls may come more often
PAGE = 50  # plays that Spotify still shows
EXPECTED = 25  # plays between two polls that leave half the page as a reserve
RECENT = timedelta(hours=24)  # listening that still says something about the next hours
FORGET = 0.7  # what is left of an old rate after each poll
CLOCKS_DIFFER = timedelta(minutes=1)  # from machine to machine, by less
NEGLIGIBLE = 0.01  # plays an hour; a rate that fades for ever ends where a float does

_STEPS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)  # minutes that divide the hour


@dataclass(frozen=True)
class Candidate:
    """What decides a place in the queue."""

    pro: bool
    consecutive_failures: int
    last_success_at: datetime | None


def priority(candidate: Candidate, now: datetime) -> int:
    """Higher goes first: 100, + 200 for pro, - 10 a failure, + up to 20 for a recent success."""
    days = (now - candidate.last_success_at).days if candidate.last_success_at else 0
    return (
        100
        + (200 if candidate.pro else 0)
        - 10 * candidate.consecutive_failures
        + max(0, 20 - days)
    )


def plays_per_hour(before: float, ended: Sequence[datetime], now: datetime) -> float:
    """The rate to reckon with: the fastest recent stretch, an older rate fading with each poll.

    `ended` are the ends of the plays on a page, in any order. The fastest run of EXPECTED plays
    within the last day counts, since plays come in sessions and a mean over the night hides them.
    """
    recent = sorted(at for at in ended if now - at <= RECENT)
    length = min(EXPECTED, len(recent) - 1)
    fastest = 0.0
    if length >= 1:
        shortest = min(
            later - earlier for earlier, later in zip(recent, recent[length:], strict=False)
        )
        seconds = max(shortest.total_seconds(), 30.0 * length)  # Spotify lists plays over 30 s
        fastest = length / seconds * 3600
        if length < EXPECTED:
            fastest *= length / EXPECTED  # a short run proves less
    rate = max(fastest, before * FORGET)
    return rate if rate >= NEGLIGIBLE else 0.0


def interval(rate: float, shortest: int, longest: int) -> timedelta:
    """Time between polls so that about EXPECTED plays come in it; `rate` in plays per hour.

    `shortest` and `longest` are minutes. The result divides an hour (or is whole hours), so that a
    person keeps their place in the hour; it is rounded down, towards the safer side.
    """
    wanted = longest if rate <= 0 else min(longest, max(shortest, EXPECTED / rate * 60))
    if wanted >= 60:
        return timedelta(hours=int(wanted // 60))
    fitting = [step for step in _STEPS if shortest <= step <= wanted]
    return timedelta(minutes=fitting[-1] if fitting else shortest)


def next_poll(now: datetime, every: timedelta, minute_offset: int) -> datetime:
    """The next instant after `now` at which this person's poll is due.

    Polls stand at `minute_offset` past each multiple of `every` (UTC), at least half an interval
    away, so that a poll that came early or late does not drag the following ones along.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    phase = timedelta(minutes=minute_offset) % every
    steps = (now + every / 2 - midnight - phase) // every + 1
    return midnight + phase + steps * every


def window(shortest: int) -> timedelta:
    """How long one plan covers where people are polled every `shortest` minutes at most.

    It divides the hour, and no poll falls due twice in it.
    """
    longest = min(shortest, LONGEST_WINDOW)
    return timedelta(minutes=max(step for step in _STEPS if step <= longest))


def slot_of(instant: datetime, length: timedelta) -> datetime:
    """The start of the planning window, `length` long, that `instant` lies in (UTC)."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (instant - midnight) // length * length


def spread(now: datetime, until: datetime, batches: int) -> list[datetime]:
    """Starts for `batches` batches, evenly over the time that is left; the first at once."""
    step = max(until - now, timedelta(0)) / max(batches, 1)
    return [now + step * position for position in range(batches)]


def longest_silence(ended: Sequence[datetime]) -> timedelta:
    """The longest time between two plays of a page; zero for fewer than two."""
    ordered = sorted(ended)
    return max((later - earlier for earlier, later in pairwise(ordered)), default=timedelta(0))
