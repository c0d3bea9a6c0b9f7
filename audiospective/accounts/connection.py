"""What members do with their own connection: pause, resume, disconnect."""

from __future__ import annotations

from audiospective import clock
from audiospective.models import Connection, transaction
from audiospective.models.base import LONG_AGO
from audiospective.models.claims import POLLED
from audiospective.models.connections import ACTIVE, DISCONNECTED, NEEDS_REAUTH, PAUSED
from audiospective.policy import check_wait
from audiospective.polling import coverage, poll
from audiospective.services import Services


def pause(user_id: int) -> bool:
    """Stop polling until `resume`; True if it was running."""
    return _move(user_id, (*POLLED,), {Connection.status: PAUSED})


def resume(services: Services, user_id: int) -> bool:
    """Poll again, at once unless that was done minutes ago; True if it was paused."""
    now, row = clock.now(), Connection.get_or_none(Connection.user == user_id)
    at = check_wait.soonest(row.last_polled_at if row else None, now)
    if not _move(user_id, (PAUSED,), {Connection.status: ACTIVE, Connection.next_poll_at: at}):
        return False
    if at <= now:
        poll.request(services, user_id)
    return True


def disconnect(user_id: int) -> bool:
    """Stop polling and forget the tokens; the archive stays. True if there was a connection."""
    forget = {
        Connection.status: DISCONNECTED,
        Connection.access_encrypted: "",
        Connection.refresh_encrypted: "",
        Connection.access_expires_at: LONG_AGO,
    }
    return _move(user_id, (*POLLED, PAUSED, NEEDS_REAUTH), forget)


def _move(user_id: int, sources: tuple[str, ...], values: dict[object, object]) -> bool:
    """Change the status from one of `sources`; a poll that is under way then writes nothing."""
    with transaction():
        changed = (
            Connection.update(
                {**values, Connection.fence: Connection.fence + 1, Connection.lease_until: LONG_AGO}
            )
            .where((Connection.user == user_id) & Connection.status.in_(sources))
            .execute()
        )
        if changed and values[Connection.status] in (PAUSED, DISCONNECTED):
            coverage.interrupt(user_id)
        elif changed:
            coverage.resume(user_id)
    return bool(changed)
