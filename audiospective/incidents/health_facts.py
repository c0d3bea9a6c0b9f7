"""What the status of an archive is decided on, read from its connection."""

from __future__ import annotations

from audiospective.incidents import incident, mass_failure
from audiospective.models import Connection
from audiospective.models.apps import SECRET_PLACE
from audiospective.models.base import LONG_AGO
from audiospective.policy.failures import named
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
        failure=incident.last_failure(connection),
        refused_once=mass_failure.refused_once(connection),
        unusable=connection.empty_pages,
        app_blocked_until=app.blocked_until if app.blocked_until > LONG_AGO else None,
        app_failure=named(app.block_reason),
        mass_refusal=mass_failure.any_in_force(app.id),
        own_app=own,
        secret_opens=not own or secret_opens(services, connection),
    )


def secret_opens(services: Services, connection: Connection) -> bool:
    """Whether the secret of the connection's app can still be decrypted."""
    try:
        services.vault.decrypt(SECRET_PLACE, connection.app_id, connection.app.secret_encrypted)
    except VaultError:
        return False
    return True
