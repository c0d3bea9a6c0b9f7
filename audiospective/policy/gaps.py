"""Coverage and holes: what one page proves about the time since the newest play we know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.failures import Failure

PAGE = 50  # Spotify shows this many plays and no older ones
SURELY = 5.0  # so many expected plays and none heard: under one percent (Poisson)
FUTURE = timedelta(hours=1)  # clocks differ by less
LATE = timedelta(hours=2)  # a person is polled hourly at least; twice that is our own delay


class Cause(StrEnum):
    """Why plays may have left the page unseen."""

    OVERFLOW = "overflow"  # more than a page between two ordinary polls
    DOWNTIME = "downtime"  # we did not ask in time
    AUTHORIZATION = "authorization"  # we were not allowed to ask
    OUTAGE = "outage"  # Spotify did not answer
    PAUSED = "paused"  # the person had told us not to ask


class Certainty(StrEnum):
    """How sure it is that something is missing; one page alone can never prove it."""

    SURE = "sure"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Before:
    """What was known before this page. `last_success_at` is None for the very first one."""

    last_success_at: datetime | None
    newest_play_at: datetime | None
    plays_per_hour: float = 0.0
    failure: Failure | None = None  # of the failures since the last success, if there were any
    authorized_at: datetime | None = None
    paused: bool = False


@dataclass(frozen=True)
class Hole:
    """A stretch of which nothing is known: after `start`, before `end`."""

    start: datetime
    end: datetime
    cause: Cause
    certainty: Certainty


def hole(before: Before, items: int, oldest: datetime | None, now: datetime) -> Hole | None:
    """The hole that a page of `items` plays leaves open, the oldest of them ended at `oldest`.

    Only a full page can hide something: a shorter one is all there is. A page that reaches back
    to the newest known play leaves nothing between. The first page ever has nothing before it.
    """
    if items < PAGE or oldest is None or before.last_success_at is None:
        return None
    known = newest_known(before.newest_play_at, before.last_success_at)
    if oldest <= known:
        return None
    return Hole(known, oldest, _cause(before, now), _certainty(before, oldest - known))


def newest_known(newest_play_at: datetime | None, last_success_at: datetime) -> datetime:
    """The last instant of which the poll at `last_success_at` told something.

    Without any play so far, that poll itself: it proved that there was none. A play from the
    future (a device with a wrong clock) would hide every hole until then, so it counts for nothing.
    """
    if newest_play_at is None or newest_play_at > last_success_at + FUTURE:
        return last_success_at
    return newest_play_at


def covered_from(items: int, oldest: datetime | None, now: datetime) -> datetime:
    """Where coverage begins with the first page, or again after a hole."""
    return oldest if items and oldest is not None else now


def _cause(before: Before, now: datetime) -> Cause:
    if before.paused:
        return Cause.PAUSED
    assert before.last_success_at is not None
    renewed = before.authorized_at is not None and before.authorized_at > before.last_success_at
    late = now - before.last_success_at > LATE
    match before.failure:
        case Failure.AUTH | Failure.NOT_ALLOWED:
            return Cause.AUTHORIZATION
        case None | Failure.UNKNOWN:
            if not late:
                return Cause.OVERFLOW
            return Cause.AUTHORIZATION if renewed else Cause.DOWNTIME
        case _:
            return Cause.OUTAGE if late else Cause.OVERFLOW


def _certainty(before: Before, length: timedelta) -> Certainty:
    expected = before.plays_per_hour * length.total_seconds() / 3600
    return Certainty.SURE if expected >= SURELY else Certainty.POSSIBLE
