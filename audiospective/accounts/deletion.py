"""A member leaves: in seven days, at once, or not after all."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.accounts import deletion_links, erasure
from audiospective.accounts.deletion_rounds import wake
from audiospective.models import User, transaction
from audiospective.models.deletions import Deletion
from audiospective.notices import outbox
from audiospective.notices.kinds import deletion_scheduled
from audiospective.services import Services

WAITS = timedelta(days=7)


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
            token = deletion_links.token_of(services, row)
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


def keep(user: User) -> bool:
    """End a deletion that has not begun; False if there is none."""
    gone = (Deletion.user == user.id) & Deletion.begun_at.is_null()
    return bool(Deletion.delete().where(gone).execute())
