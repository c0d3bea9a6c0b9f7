"""Seals what is due: finds who has a long hot tail, and spreads the work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from peewee import SQL, fn

from audiospective import clock
from audiospective.clients.queues import BULK
from audiospective.models import Play
from audiospective.policy import schedule
from audiospective.policy.sealing import TRIGGER
from audiospective.services import Services

ROUND = timedelta(hours=1)  # the finder's timetable; its jobs are spread over it
AT_ONCE = 500  # people a round: after a long pause everybody may be due
TIMEOUT = 300  # seconds


def due(limit: int = AT_ONCE) -> list[int]:
    """Whose hot tail is longer than it should be, the longest first."""
    rows = fn.COUNT(SQL("1"))
    query = Play.select(Play.user, rows).group_by(Play.user).having(rows > TRIGGER)
    return [user_id for user_id, _ in query.order_by(rows.desc(), Play.user).limit(limit).tuples()]


def spread(services: Services) -> int:
    """Enqueue a job for everybody who is due, evenly over the hour, behind all polls.

    Fixed ids: whoever still waits from the round before waits only once.
    """
    people = due()
    now = clock.now()
    for start, user_id in zip(schedule.spread(now, now + ROUND, len(people)), people, strict=True):
        services.queues.enqueue_at(
            start, BULK, "seal_user", user_id, job_id=f"seal-{user_id}", timeout=TIMEOUT
        )
    return len(people)


def people(user_ids: Iterable[int]) -> int:
    """Seal the given people's plays now; how many plays moved."""
    from audiospective.history import sealing

    return sum(sealing.seal(user_id) for user_id in user_ids)
