"""An incident: from the last success until the next one; what e-mails about it are counted by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audiospective import clock, log
from audiospective.models import Connection, dialects
from audiospective.models.connections import ACTIVE, NEEDS_REAUTH, NOT_ALLOWED
from audiospective.policy.failures import NEED_PERSON, Failure, named

BROKEN = frozenset(failure.value for failure in NEED_PERSON)


def unheld(condition: Any) -> Any:
    """Those connections that `condition` means, without the rows that a batch is just writing.

    Waiting for those in another order than the batch takes them would end in a deadlock.
    """
    return dialects.skip_locked(Connection.user, condition)


def failing() -> Any:
    """The condition that polls fail for a reason that only the person or the operator can mend."""
    return (
        (Connection.status == ACTIVE)
        & (Connection.consecutive_failures > 0)
        & Connection.last_failure_type.in_(sorted(BROKEN))
    )


def is_broken(connection: Connection) -> bool:
    """Whether polling stopped for a reason that only the person or the operator can mend."""
    if connection.status in (NEEDS_REAUTH, NOT_ALLOWED):
        return True
    return bool(
        connection.status == ACTIVE
        and connection.consecutive_failures > 0
        and connection.last_failure_type in BROKEN
    )


def last_failure(connection: Connection) -> Failure | None:
    """What the last failed poll was; None before the first, and for what another release knew."""
    name = connection.last_failure_type
    found = named(name)
    if name and found is None:
        log.event("unknown_failure", log.WARNING, stored=name, user=connection.user_id)
    return found


def last_known(connection: Connection) -> datetime:
    """The last instant at which all was well: the last success, else the consent."""
    found: datetime = connection.last_success_at or connection.authorized_at
    return found


def key(connection: Connection) -> str:
    """The name of the present incident; another one after a success or a new consent."""
    success = connection.last_success_at
    return f"{clock.to_ms(connection.authorized_at)}.{clock.to_ms(success) if success else 0}"


def silence_key(connection: Connection) -> str:
    """The name of the present silence, for the e-mail after a day without success."""
    return str(clock.to_ms(last_known(connection)))


def reason(connection: Connection, failure: Failure | None = None) -> str:
    """Why it stopped, as templates know it: expired, revoked, or the failure's name.

    The name ends in "_own" where the app is the person's own.
    """
    found = failure or last_failure(connection) or Failure.AUTH
    if found is Failure.AUTH:
        return "expired" if connection.reauth_due_at <= clock.now() else "revoked"
    return f"{found.value}_own" if own_app(connection) else found.value


def own_app(connection: Connection) -> bool:
    """Whether the person connects through an app that they brought."""
    return bool(connection.app.owner_id == connection.user_id)
