"""Looks after imports: wakes workers for them, ends what was left lying. It loads no Polars."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import BULK, INTERRUPTS, Later
from audiospective.imports import claims, scratch, storing
from audiospective.models.base import agreed_now
from audiospective.models.imports import (
    CANCELLED,
    DONE,
    OVER,
    READING,
    REVIEW,
    UPLOADING,
    Import,
)
from audiospective.policy.import_limits import PATIENCE, READ_SECONDS, UPLOAD_PATIENCE
from audiospective.services import Services

JOIN_SECONDS = 600
JOIN_TIMEOUT = JOIN_SECONDS + 300  # for the job, which may send plays on afterwards
TIMEOUT = READ_SECONDS + 600  # seconds that a worker may take for one step
LATE = timedelta(seconds=5)  # so that the pause is over by the database's clock as well


def wake(services: Services, import_id: int) -> bool:
    """Have the next step of an import done; False if Redis is away (a round finds it later)."""
    try:
        services.queues.enqueue_once(
            BULK, "work_on_import", import_id, job_id=f"import-{import_id}", timeout=TIMEOUT
        )
    except RedisError:
        return False
    return True


def wake_later(services: Services, import_id: int, pause: timedelta) -> None:
    """Have its next step tried after `pause`; if Redis or the scheduler is away, a round does."""
    # Under an id of its own: a round that has it tried at once must not take this one's place.
    again = Later(
        clock.now() + pause + LATE,
        BULK,
        "work_on_import",
        (import_id,),
        f"import-{import_id}-again",
        TIMEOUT,
    )
    with suppress(RedisError):
        services.queues.enqueue_later([again])


def look(services: Services) -> None:
    """One round; what fails is told and tried again with the next."""
    for part in (recover, join, join_listens):
        try:
            part(services)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - one part must not keep the other from running
            log.trouble("imports_not_looked_after", error, part=part.__name__)


def let_go(services: Services, end: Deadline) -> None:
    """`tidy`, apart from the round: storage may take half a minute for each answer."""
    try:
        tidy(services, end)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - tried again with the next round
        log.trouble("imports_not_looked_after", error, part="tidy")


def recover(services: Services) -> int:
    """Wake whatever waits for a worker; how many. Safe to repeat: a claim is taken once."""
    waiting = claims.waiting()
    for import_id in waiting:
        wake(services, import_id)
    return len(waiting)


def tidy(services: Services, end: Deadline | None = None) -> int:
    """Cancel what its member left lying, and empty storage of what nobody needs; how many.

    Trouble with one import keeps nothing from the others. What is not begun by `end` is left for
    the next time; each time goes in another order, so that none is always left.
    """
    scratch.sweep(services.settings.home)
    now = agreed_now()
    left = ((Import.status == UPLOADING) & (Import.changed_at < now - UPLOAD_PATIENCE)) | (
        (Import.status == REVIEW) & (Import.changed_at < now - PATIENCE)
    )
    cancelled = 0
    for row in _shuffled(left):
        if end is not None and not end.remaining():
            return cancelled
        cancelled += _tried(row, lambda one: cancel(services, one))
    # Whoever ended an import may have been killed before storage was emptied of it.
    for row in _shuffled(Import.status.in_(OVER) & (Import.changed_at > now - PATIENCE)):
        if end is not None and not end.remaining():
            break
        _tried(row, lambda one: _empty(services, one))
    return cancelled


def _shuffled(which: Any) -> list[Import]:
    rows = list(Import.select().where(which))
    random.shuffle(rows)
    return rows


def _tried(row: Import, part: Callable[[Import], object]) -> bool:
    try:
        part(row)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
        log.trouble("import_not_tidied", error, user=row.user_id, import_id=row.id)
        return False
    return True


def _empty(services: Services, row: Import) -> None:
    storing.drop_files(services.storage, row)
    if row.status != DONE:
        storing.drop(services.storage, row)


def join(services: Services) -> int:
    """Have looked at what polls brought in the time of an import; members. See `reconcile`."""
    members = Import.to_look_at(~Import.live)
    for user_id in members:
        services.queues.enqueue_once(
            BULK, "reconcile_imports", user_id, job_id=f"reconcile-{user_id}", timeout=TIMEOUT
        )
    return len(members)


def join_listens(services: Services) -> int:
    """The same of what players sent, in one job for all members; how many there are."""
    members = to_join()
    if members:
        services.queues.enqueue_once(
            BULK, "join_listens", job_id="join-listens", timeout=JOIN_TIMEOUT
        )
    return len(members)


def join_each(join: Callable[[int], object], end: Deadline) -> int:
    """Have `join` called for each member until `end`; how many. One's trouble is no other's.

    Each time in another order: whoever brings the worker down is not always before the same others.
    """
    joined = 0
    members = to_join()
    random.shuffle(members)
    for user_id in members:
        if end.remaining() <= 0:
            break
        try:
            join(user_id)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("listens_not_joined", error, user=user_id)
        else:
            joined += 1
    return joined


def to_join() -> list[int]:
    """Members whose polls brought plays in the time in which their players sent some."""
    return Import.to_look_at(Import.live)


def waits_to_be_joined(user_id: int) -> bool:
    """Whether one member's polls brought plays that were not yet held against what players sent."""
    return _unseen((Import.user == user_id) & Import.live)


def may_be_listed_twice(user_id: int) -> bool:
    """Whether one member's polls brought plays that were not yet held against any import's."""
    return _unseen(Import.user == user_id)


def _unseen(which: Any) -> bool:
    rows = Import.select().where((Import.status == DONE) & which)
    return any(row.has_unseen_polls for row in rows)


def cancel(services: Services, row: Import) -> bool:
    """End an import of which nothing is in the archive; False if it is too late for that."""
    before = (UPLOADING, READING, REVIEW)
    changed = (
        Import.update(status=CANCELLED, changed_at=clock.now())
        .where((Import.id == row.id) & Import.status.in_(before))
        .execute()
    )
    if changed:
        storing.drop(services.storage, row)
        Import.update(kept_bytes=0, findings="{}").where(Import.id == row.id).execute()
    return bool(changed)
