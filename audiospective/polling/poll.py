"""Polls as jobs and commands ask for them: one batch, or one person at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.models import transaction
from audiospective.models.connections import Connection
from audiospective.policy.schedule import CLOCKS_DIFFER
from audiospective.polling import batch, plan
from audiospective.polling.write import Report
from audiospective.services import Services

TURN = 15.0  # seconds after which a job takes no further batch; with one it stays under 60


def in_turn(
    services: Services, slot: datetime, user_ids: Sequence[int], deadline: Deadline
) -> None:
    """Poll a planned batch, then those that wait, as long as nothing more urgent does.

    A process for each batch would cost more than its polls. What was taken and could not be done
    is still due in the database, as after any job that is lost.
    """
    began = clock.monotonic()
    many(services, slot, user_ids, deadline.part(batch.SECONDS))
    while clock.monotonic() - began < TURN and not deadline.stopped:
        if (taken := services.queues.take(plan.TASK)) is None:
            return
        name, people = taken
        many(services, plan.slot_from(name), people, deadline.part(batch.SECONDS))


def many(services: Services, slot: datetime, user_ids: Sequence[int], deadline: Deadline) -> Report:
    """Poll a planned batch; whoever found no time goes back into the queue at once."""
    began = clock.monotonic()
    end = plan.current_slot(services, slot).end
    report = batch.archive(services, user_ids, slot, end, deadline=deadline)
    _log("batch", report, began, slot=plan.slot_name(slot), people=len(user_ids))
    plan.requeue(services, report.unpolled, slot)
    return report


def one(
    services: Services, user_id: int, deadline: Deadline, before: datetime = batch.ANY_TIME
) -> Report:
    """Poll one person now, if they are due before `before`."""
    began = clock.monotonic()
    report = batch.now(services, user_id, deadline=deadline, before=before)
    _log("poll", report, began, user=user_id)
    return report


def wished(services: Services, user_id: int, deadline: Deadline) -> Report:
    """Poll somebody who waits for it, unless that has been done since: wishes that come together
    are one, whatever their number."""
    return one(services, user_id, deadline, clock.now() + CLOCKS_DIFFER)


def request(services: Services, user_id: int) -> None:
    """Make somebody's poll due and wake a worker; what counts is the row, not the wake-up."""
    with transaction():
        Connection.update(next_poll_at=clock.now()).where(
            (Connection.user == user_id) & (Connection.next_poll_at > clock.now())
        ).execute()
    services.queues.wake("poll_user", user_id)


def _log(name: str, report: Report, began: float, **more: Any) -> None:
    log.event(
        name,
        **more,
        outcomes=dict(sorted(report.outcomes.items())),
        new_plays=report.new_plays,
        calls=report.calls,
        hits=report.hits,
        ms=round((clock.monotonic() - began) * 1000),
    )
