"""Whether a letter is still true when its turn comes; yesterday's trouble is no news today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection, User
from audiospective.models.connections import ACTIVE, NEEDS_REAUTH, NOT_ALLOWED
from audiospective.models.notices import Notice
from audiospective.notices import recipients
from audiospective.policy import escalation
from audiospective.policy.letters import KINDS

Check = Callable[[Connection, Notice], bool]


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether the letter may still go out."""
    until = data.get("expires_at")
    if until is not None and clock.to_ms(clock.now()) >= int(until):
        return False
    if not notice.owner:
        return True  # to a stranger: the waitlist, an operator's address
    user = User.get_or_none(User.id == notice.owner)
    if user is None:
        return False
    kind = KINDS.get(notice.kind)
    # A letter about the archive goes to the address that is proven now, not to a former one.
    if not (kind and kind.security) and recipients.address(user, notice.kind) != notice.recipient:
        return False
    if notice.kind == "verify_address":
        return bool(user.email == notice.recipient and user.email_verified_at is None)
    check = CHECKS.get(notice.kind)
    if check is None:
        return True
    connection = Connection.get_or_none(Connection.user == user.id)
    return connection is not None and check(connection, notice)


def _stopped(connection: Connection, notice: Notice) -> bool:
    return incident.is_broken(connection) and incident.episode(connection) == notice.episode


def _no_success(connection: Connection, notice: Notice) -> bool:
    return (
        connection.status in (ACTIVE, NOT_ALLOWED)
        and incident.quiet_episode(connection) == notice.episode
        and escalation.gone_quiet(incident.last_known(connection), clock.now())
    )


def _renewal(connection: Connection, notice: Notice) -> bool:
    return (
        connection.status in (ACTIVE, NOT_ALLOWED)
        and str(clock.to_ms(connection.reauth_due_at)) == notice.episode
        and connection.reauth_due_at > clock.now()
    )


def _back_on(connection: Connection, notice: Notice) -> bool:
    return connection.status not in (NEEDS_REAUTH,) and not incident.is_broken(connection)


CHECKS: dict[str, Check] = {
    "archive_stopped": _stopped,
    "no_success": _no_success,
    "renewal": _renewal,
    "back_on": _back_on,
}
