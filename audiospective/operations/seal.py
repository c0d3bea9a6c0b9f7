"""Seals what is due: finds who has a long hot tail, and spreads the work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from peewee import SQL, fn

from audiospective import clock, log
from audiospective.clients.queues import BULK, INTERRUPTS, Later
from audiospective.models import Play
from audiospective.policy import schedule
from audiospective.policy.sealing import TRIGGER
from audiospective.services import Services

ROUND = timedelta(hours=1)  # the finder's timetable; its jobs are spread over it
AT_ONCE = 25_000  # people a round: after a long pause everybody may be due
TOGETHER = 50  # people a job; each takes about 13 ms
TIMEOUT = 300  # seconds


def due(limit: int = AT_ONCE) -> list[int]:
    """Whose hot tail is longer than it should be, the longest first."""
    rows = fn.COUNT(SQL("1"))
    query = Play.select(Play.user, rows).group_by(Play.user).having(rows > TRIGGER)
    return [user_id for user_id, _ in query.order_by(rows.desc(), Play.user).limit(limit).tuples()]


def spread(services: Services) -> int:
    """Enqueue jobs for everybody who is due, evenly over the hour, behind all polls.

    Fixed ids: what still waits from the round before is replaced.
    """
    people = due()
    groups = [people[start : start + TOGETHER] for start in range(0, len(people), TOGETHER)]
    now = clock.now()
    starts = schedule.spread(now, now + ROUND, len(groups))
    services.queues.enqueue_later(
        [
            Later(start, BULK, "seal_members", (group,), f"seal-{number}", TIMEOUT)
            for number, (start, group) in enumerate(zip(starts, groups, strict=True))
        ]
    )
    return len(people)


def people(user_ids: Iterable[int]) -> int:
    """Seal the given people's plays now; how many plays moved. One's trouble is nobody else's."""
    from audiospective.history import sealing

    moved = 0
    for user_id in user_ids:
        try:
            moved += sealing.seal(user_id)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("not_sealed", error, user=user_id)
    return moved
