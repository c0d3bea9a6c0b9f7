"""What members ask for: an export, that one be cancelled or thrown away. Loads no Polars."""

from __future__ import annotations

from contextlib import suppress

from peewee import IntegrityError
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.clients.queues import EXPORT
from audiospective.exports import finished
from audiospective.models import User, transaction
from audiospective.models.exports import CANCELLED, READY, UNFINISHED, WAITING, Export
from audiospective.services import Services

TIMEOUT = 3600  # seconds that a worker may take for one turn
ROUNDS = 5  # exports of one member that may end while another is asked for


def ask(services: Services, user: User, form: str, *, compatible: bool) -> tuple[Export, bool]:
    """The member's unfinished export, and whether it is a new one.

    There is one at a time: whoever asks again meanwhile gets the one that is being made. Raises
    User.DoesNotExist if the account has been deleted meanwhile.
    """
    export, new = noted(user, form, compatible=compatible)
    if new:
        wake(services, export.id)
    return export, new


def noted(user: User, form: str, *, compatible: bool) -> tuple[Export, bool]:
    """The same for the caller's transaction; a new one is to be woken after its commit."""
    for _ in range(ROUNDS):
        with suppress(IntegrityError):
            return _made(user, form, compatible=compatible), True
        if (running := unfinished(user.id)) is not None:
            return running, False
        User.get_by_id(user.id)  # else the one that was in the way has just ended
    return _made(user, form, compatible=compatible), True


def _made(user: User, form: str, *, compatible: bool) -> Export:
    now = clock.now()
    with transaction():
        row: Export = Export.create(
            user=user, form=form, compatible=compatible, created_at=now, changed_at=now
        )
    return row


def wake(services: Services, export_id: int, *, first: bool = False) -> bool:
    """Have an export made; False if Redis is away (a round finds it later)."""
    try:
        services.queues.enqueue(
            EXPORT,
            "make_export",
            export_id,
            job_id=f"export-{export_id}",
            timeout=TIMEOUT,
            first=first,
        )
    except RedisError:
        return False
    return True


def wake_next(services: Services) -> None:
    """Have the export made that waits longest, if no job of it is in the queue already."""
    row = Export.select(Export.id).where(Export.status == WAITING)
    found = row.order_by(Export.created_at, Export.id).first()
    if found is not None:
        with suppress(RedisError):  # a round finds it
            services.queues.enqueue_once(
                EXPORT, "make_export", found.id, job_id=f"export-{found.id}", timeout=TIMEOUT
            )


def unfinished(user_id: int) -> Export | None:
    """The export of a member that is waiting or being made."""
    found: Export | None = Export.get_or_none(
        (Export.user == user_id) & Export.status.in_(UNFINISHED)
    )
    return found


def of(user_id: int) -> list[Export]:
    """A member's exports, newest first."""
    query = Export.select().where(Export.user == user_id)
    return list(query.order_by(Export.created_at.desc(), Export.id.desc()))


def one(user_id: int, export_id: int) -> Export | None:
    """An export if it is this member's."""
    found: Export | None = Export.get_or_none((Export.id == export_id) & (Export.user == user_id))
    return found


def cancel(user_id: int, export_id: int) -> bool:
    """End an unfinished export of this member; False if there is nothing to end."""
    where = (Export.id == export_id) & (Export.user == user_id) & Export.status.in_(UNFINISHED)
    changed = Export.update(status=CANCELLED, changed_at=clock.now()).where(where).execute()
    return bool(changed)


def throw_away(services: Services, user_id: int, export_id: int) -> bool:
    """Delete a ready export of this member before its time; raises StorageError."""
    found = one(user_id, export_id)
    if found is None or found.status != READY:
        return False
    return finished.expire(services.storage, found)


def waiting_ahead(export: Export) -> int:
    """How many exports of others stand before this one."""
    earlier = (Export.created_at < export.created_at) & Export.status.in_(UNFINISHED)
    return int(Export.select().where(earlier).count()) if export.status == WAITING else 0
