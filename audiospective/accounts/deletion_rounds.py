"""Rounds of deletion: a worker is woken where an account is due."""

from __future__ import annotations

from redis.exceptions import RedisError

from audiospective import log
from audiospective.accounts import erasure
from audiospective.clients.queues import INTERRUPTS, UPKEEP
from audiospective.notices.kinds import account_deleted
from audiospective.services import Services


def wake(services: Services) -> bool:
    """Have a worker carry out what is due; without Redis the timetable does (False)."""
    try:
        services.queues.enqueue_once(
            UPKEEP, "delete_accounts", job_id="delete-accounts", timeout=erasure.TIMEOUT
        )
    except RedisError:
        return False
    return True


def look(services: Services) -> None:
    """One round: a worker is woken where there is something to delete."""
    try:
        account_deleted.forget()
        if erasure.anything_to_do():
            wake(services)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - what comes after must run all the same
        log.trouble("deletions_not_looked_after", error)
