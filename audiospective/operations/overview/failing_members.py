"""Members whose polls fail at present; numbers, no names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective.incidents import incident
from audiospective.models import Connection, SpotifyApp
from audiospective.models.connections import NEEDS_REAUTH, NOT_ALLOWED
from audiospective.operations import health
from audiospective.policy.failures import Failure

SHOWN = 50


@dataclass(frozen=True)
class Failing:
    """One member whose polls fail; `number` says nothing to who has no access to the database."""

    number: int
    reason: Failure | None
    since: datetime
    tries: int
    next_try: datetime | None
    status: str


def failing(limit: int = SHOWN) -> list[Failing]:
    """Whose polls fail at present, the latest first; one statement."""
    broken = (Connection.consecutive_failures > 0) | Connection.status.in_(
        [NEEDS_REAUTH, NOT_ALLOWED]
    )
    query = (
        Connection.select(Connection, SpotifyApp)
        .join(SpotifyApp)
        .where(broken)
        .order_by(Connection.last_failed_at.desc())
        .limit(limit)
    )
    return [
        Failing(
            number=int(one.user_id),
            reason=incident.last_failure(one),
            since=incident.last_known(one),
            tries=int(one.consecutive_failures),
            next_try=health.next_check(one),
            status=str(one.status),
        )
        for one in query
    ]
