"""Calls of each Spotify app against its own allowance, and how often Spotify limited it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective import clock
from audiospective.models import SpotifyApp
from audiospective.models.counters import Counter
from audiospective.policy import call_quota
from audiospective.polling.call_quota import CALLS, LIMITED, LIMITED_BY
from audiospective.services import Services

SHOWN = 20


@dataclass(frozen=True)
class AppCalls:
    """`allowance` is ours for a day, None where there is none; `own`: a member brought the app."""

    app_id: int
    mode: str
    own: bool
    calls: int
    last_day: int
    allowance: int | None
    limited: int
    over_quota: int
    blocked_until: datetime | None
    reason: str | None


def busiest(services: Services, since: datetime) -> list[AppCalls]:
    """The apps with the most calls since then; four statements."""
    now = clock.now()
    calls = Counter.largest(CALLS, since, SHOWN)
    ids = [int(name.removeprefix(CALLS)) for name in calls if name[len(CALLS) :].isdigit()]
    day = Counter.of(list(calls), now - call_quota.DAY)
    kinds = [kind.value for kind in LIMITED]
    limits = Counter.of([f"{LIMITED_BY}{app}:{kind}" for app in ids for kind in kinds], since)
    known = {app.id: app for app in SpotifyApp.select().where(SpotifyApp.id.in_(ids))}
    found = []
    for number in ids:
        app = known.get(number)
        if app is None:
            continue
        rate, quota = (limits.get(f"{LIMITED_BY}{number}:{kind}", 0) for kind in kinds)
        found.append(
            AppCalls(
                app_id=number,
                mode=app.mode,
                own=app.owner_id is not None,
                calls=calls[f"{CALLS}{number}"],
                last_day=day.get(f"{CALLS}{number}", 0),
                allowance=call_quota.calls_a_day(
                    app.mode, app.seats, sandbox=services.settings.sandbox
                ),
                limited=rate,
                over_quota=quota,
                blocked_until=app.blocked_until if app.blocked_until > now else None,
                reason=app.block_reason if app.blocked_until > now else None,
            )
        )
    return found
