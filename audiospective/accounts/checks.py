"""A member asks for a check now: polled at once, or what it has to wait for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.claims import POLLED
from audiospective.policy import check_wait
from audiospective.policy.check_wait import Wait
from audiospective.policy.failures import named
from audiospective.polling import poll
from audiospective.services import Services


class Answer(StrEnum):
    """What became of the wish to check now."""

    QUEUED = "queued"
    TOO_SOON = "too_soon"
    STOPPED = "stopped"  # paused, disconnected, or without a consent


@dataclass(frozen=True)
class Check:
    """`at`: when the wish was heard; `wait`: what stands against it now."""

    answer: Answer
    at: datetime
    wait: Wait | None = None


def check_now(services: Services, user_id: int) -> Check:
    """Poll at once unless a check has to wait; a second wish meanwhile changes nothing."""
    now = clock.now()
    connection = Connection.get_or_none(Connection.user == user_id)
    if connection is None or connection.status not in POLLED:
        return Check(Answer.STOPPED, now)
    wait = check_wait.wait(
        connection.last_polled_at,
        connection.circuit_open_until,
        connection.app.blocked_until,
        named(connection.app.block_reason),
        now,
    )
    if wait is not None:
        return Check(Answer.TOO_SOON, now, wait)
    poll.request(services, user_id)
    return Check(Answer.QUEUED, now)
