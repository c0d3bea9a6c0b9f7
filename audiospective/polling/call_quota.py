"""Keeps each app within its own daily allowance of calls; counted in the database."""

from __future__ import annotations

from collections.abc import Mapping

from audiospective import clock, log
from audiospective.models import SpotifyApp
from audiospective.models.apps import BY_IDS
from audiospective.models.counters import Counter
from audiospective.policy import call_quota
from audiospective.policy.failures import Failure
from audiospective.services import Services

REASON = "budget"
CALLS = "calls:"  # names of counters, followed by the app
LIMITED_BY = "limited:"  # likewise, followed by the app and what limited it
LIMITS = "limits:"  # likewise, for all apps together
LIMITED = (Failure.RATE_LIMIT, Failure.QUOTA)


def pause_spent(services: Services) -> list[int]:
    """Pause those apps whose allowance is used up; returns them. Call it before planning."""
    now = clock.now()
    used = Counter.sums(now - call_quota.DAY, CALLS)
    paused = []
    for app in BY_IDS.run(app_ids=list(_ids(used))):
        # In the sandbox plays are to be seen arriving, every minute.
        allowance = call_quota.calls_a_day(app.mode, app.seats, sandbox=services.settings.sandbox)
        if call_quota.may_poll(used[f"{CALLS}{app.id}"], allowance):
            continue
        until = now + call_quota.PAUSE
        changed = SpotifyApp.update(blocked_until=until, blocked_at=now, block_reason=REASON).where(
            (SpotifyApp.id == app.id) & (SpotifyApp.blocked_until < until)
        )
        if changed.execute():
            services.blocked_apps.block(app.id, until)
            log.event("budget_spent", app=app.id, allowance=allowance)
        paused.append(app.id)
    return paused


def _ids(used: Mapping[str, int]) -> list[int]:
    found = (name.removeprefix(CALLS) for name in used)
    return [int(app) for app in found if app.isdigit()]
