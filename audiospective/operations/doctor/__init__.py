"""Looks at everything a deployment needs and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from audiospective.operations.doctor import connections, durability, servers
from audiospective.operations.doctor.finding import Finding
from audiospective.services import Services

__all__ = ["Finding", "examine"]


def examine(services: Services) -> Iterator[Finding]:
    """Look at one thing after the other; what cannot be looked at is a finding, never an error."""
    checks: tuple[Callable[[Services], Finding], ...] = (
        durability.of_database,
        durability.durability,
        servers.pooler,
        durability.privacy,
        durability.disk,
        connections.redis,
        servers.redis_limits,
        servers.redis_line,
        connections.pages,
        connections.spotify,
        connections.redirect,
        connections.spotify_api,
        connections.mail,
        connections.mail_account,
        durability.storage,
        servers.clocks,
        servers.told,
    )
    for check in checks:
        yield check(services)
