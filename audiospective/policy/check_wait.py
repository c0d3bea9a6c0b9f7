"""When a member's own wish for a check is heard, and what it waits for until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.failures import Failure

PATIENCE = timedelta(minutes=5)  # between two checks that the member asks for


class Reason(StrEnum):
    """What a check waits for."""

    JUST_CHECKED = "just_checked"
    FAILURES = "failures"  # the last checks failed; the next try has its time
    LIMIT = "limit"  # Spotify lets the app make no call
    APP = "app"  # Spotify refused the app


@dataclass(frozen=True)
class Wait:
    """No check before `until`; `checked_at` is the last one, None before the first."""

    reason: Reason
    until: datetime
    checked_at: datetime | None = None


def soonest(last: datetime | None, now: datetime) -> datetime:
    """When somebody is polled who lets us ask (again): at once, or PATIENCE after `last`.

    Resuming or signing in over and over must not spend the calls of everybody's app.
    """
    return now if last is None else min(max(now, last + PATIENCE), now + PATIENCE)


def wait(
    polled_at: datetime | None,
    circuit_open_until: datetime,
    app_blocked_until: datetime,
    app_failure: Failure | None,
    now: datetime,
) -> Wait | None:
    """What a check has to wait for, the longest wait first; None: it may be made at once.

    Circuits and blocks of the app hold for everybody, the impatient included.
    """
    of_app = Reason.APP if app_failure is Failure.APP else Reason.LIMIT
    waits = [Wait(Reason.FAILURES, circuit_open_until, polled_at)]
    waits.append(Wait(of_app, app_blocked_until, polled_at))
    if polled_at is not None:
        waits.append(Wait(Reason.JUST_CHECKED, polled_at + PATIENCE, polled_at))
    longest = max(waits, key=lambda one: one.until)
    return longest if longest.until > now else None
