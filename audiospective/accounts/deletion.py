"""A member leaves: what goes with the account, from when on, and how to stay after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.accounts import erasure
from audiospective.clients.queues import INTERRUPTS, UPKEEP
from audiospective.history import total
from audiospective.models import Connection, Import, User, transaction
from audiospective.models.connections import DISCONNECTED
from audiospective.models.deletions import Deletion
from audiospective.models.exports import READY, Export
from audiospective.models.gaps import Gap
from audiospective.notices import outbox, signed_links
from audiospective.notices.kinds import account_deleted, deletion_scheduled
from audiospective.services import Services

WAITS = timedelta(days=7)
LINK_VALUES = 2  # whose account, and when that was asked for


@dataclass(frozen=True)
class Holdings:
    """What goes with an account; `exports` are files that are ready."""

    plays: int
    gaps: int
    imports: int
    exports: int
    connected: bool
    email: str | None
    founding_number: int | None


def holdings(user: User) -> Holdings:
    """What would be deleted now."""
    connection = Connection.get_or_none(Connection.user == user.id)
    return Holdings(
        plays=total(user.id),
        gaps=Gap.select().where(Gap.user == user.id).count(),
        imports=Import.select().where((Import.user == user.id) & ~Import.live).count(),
        exports=Export.select().where((Export.user == user.id) & (Export.status == READY)).count(),
        connected=connection is not None and connection.status != DISCONNECTED,
        email=user.email,
        founding_number=user.founding_number,
    )


def pending(user: User) -> Deletion | None:
    """The deletion that this member has asked for."""
    found: Deletion | None = Deletion.get_or_none(Deletion.user == user.id)
    return found


def schedule(services: Services, user: User) -> Deletion:
    """Have the account deleted in seven days, and tell its address; asking twice changes nothing.

    Polls go on until then, so that nothing is missing from an archive that is kept after all.
    """
    now = clock.now()
    with transaction():
        row, new = Deletion.get_or_create(
            user=user.id, defaults={"asked_at": now, "due_at": now + WAITS}
        )
        if new and user.email and user.email_verified_at is not None:
            token = signed_links.sign(
                services.settings,
                signed_links.KEEP,
                user.id,
                clock.to_ms(row.asked_at),
                expires_at=row.due_at,
            )
            deletion_scheduled.put(services, row, user.email, token)
    outbox.hurry(services)
    found: Deletion = row
    return found


def at_once(services: Services, user: User) -> None:
    """Delete the account now: disconnected, signed out and unreachable when this returns.

    A worker carries the rest out within minutes.
    """
    now = clock.now()
    with transaction():
        Deletion.insert(user=user.id, asked_at=now, due_at=now).on_conflict(
            conflict_target=[Deletion.user], update={Deletion.due_at: now}
        ).execute()
        erasure.begin(user.id)
    wake(services)


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


def keep(user: User) -> bool:
    """End a deletion that has not begun; False if there is none."""
    gone = (Deletion.user == user.id) & Deletion.begun_at.is_null()
    return bool(Deletion.delete().where(gone).execute())


def find(services: Services, token: str) -> tuple[User, datetime] | None:
    """Whose deletion a link can still end, and when it is due; looking changes nothing."""
    found = signed_links.read(services.settings, signed_links.KEEP, token)
    if found is None or not found[1] or len(found[0]) != LINK_VALUES:
        return None
    user_id, asked = found[0]
    row = Deletion.get_or_none((Deletion.user == user_id) & Deletion.begun_at.is_null())
    if row is None or clock.to_ms(row.asked_at) != asked:
        return None
    return row.user, row.due_at
