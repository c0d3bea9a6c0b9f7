"""Looks at everything a deployment needs and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from audiospective.operations.doctor import keeping, reaching
from audiospective.operations.doctor.finding import Finding
from audiospective.services import Services

__all__ = ["Finding", "examine"]


def examine(services: Services) -> Iterator[Finding]:
    """Look at one thing after the other; what cannot be looked at is a finding, never an error."""
    checks: tuple[Callable[[Services], Finding], ...] = (
        keeping.of_database,
        keeping.durability,
        keeping.privacy,
        keeping.disk,
        reaching.redis,
        reaching.callback,
        reaching.pages,
        reaching.spotify,
        reaching.mail,
        keeping.storage,
    )
    for check in checks:
        yield check(services)
