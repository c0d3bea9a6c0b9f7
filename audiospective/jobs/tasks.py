"""The jobs: the only functions that a queue can name."""

from __future__ import annotations

from collections.abc import Sequence

from audiospective.actions import batch, plan, poll
from audiospective.jobs.context import deadline, task
from audiospective.services import Services


@task
def plan_polls(services: Services) -> None:
    """Plan the polls of this window."""
    plan.plan(services)


@task
def archive_batch(services: Services, slot: str, user_ids: Sequence[int]) -> None:
    """Poll the people of one batch."""
    with deadline(batch.SECONDS) as end:
        poll.many(services, plan.slot_from(slot), user_ids, end)


@task
def poll_user(services: Services, user_id: int) -> None:
    """Poll one person at once: somebody is waiting for it."""
    with deadline(batch.SECONDS) as end:
        poll.one(services, user_id, end)
