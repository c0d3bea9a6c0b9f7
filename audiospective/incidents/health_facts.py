"""What the status of an archive is decided on, read from its connection."""

from __future__ import annotations

from audiospective.incidents import incident, mass_failure
from audiospective.models import Connection
from audiospective.models.apps import SECRET_PLACE
from audiospective.models.base import LONG_AGO
from audiospective.policy.failures import Failure
from audiospective.policy.health import Facts
from audiospective.services import Services
from audiospective.vault import VaultError


def of(services: Services, connection: Connection) -> Facts:
    """The facts about one connection; `connection.app` is read as well."""
    app = connection.app
    own = incident.own_app(connection)
    return Facts(
        connection=connection.status,
        next_poll_at=connection.next_poll_at,
        last_success_at=connection.last_success_at,
        consecutive_failures=connection.consecutive_failures,
        failure=failure(connection.last_failure_type),
        app_blocked_until=app.blocked_until if app.blocked_until > LONG_AGO else None,
        app_failure=failure(app.block_reason),
        mass_refusal=mass_failure.any_in_force(app.id),
        own_app=own,
        secret_opens=not own or _opens(services, connection),
    )


def failure(name: str | None) -> Failure | None:
    """A stored failure; None where there is none, or one of another release."""
    return Failure(name) if name in set(Failure) else None


def _opens(services: Services, connection: Connection) -> bool:
    try:
        services.vault.open(SECRET_PLACE, connection.app_id, connection.app.secret_sealed)
    except VaultError:
        return False
    return True
