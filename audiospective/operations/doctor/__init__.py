"""Looks at everything a deployment needs and says what to do about it: a module for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from audiospective.operations.doctor import (
    agreement,
    alarms,
    catalog,
    clocks,
    closed_years,
    database,
    files,
    forgotten_imports,
    mail,
    mail_account,
    pages,
    pooler,
    redis,
    redis_limits,
    spotify_api,
    spotify_app,
    storage,
    token_keys,
)
from audiospective.operations.doctor.finding import Finding
from audiospective.services import Services

__all__ = ["Finding", "examine"]


def examine(services: Services) -> Iterator[Finding]:
    """Look at one thing after the other; what cannot be looked at is a finding, never an error."""
    checks: tuple[Callable[[Services], Finding], ...] = (
        database.reached,
        database.durability,
        pooler.look,
        files.privacy,
        files.disk,
        catalog.look,
        redis.reached,
        redis_limits.look,
        redis.line,
        agreement.look,
        pages.look,
        token_keys.look,
        spotify_app.look,
        spotify_api.redirect,
        spotify_api.reached,
        mail.look,
        mail_account.look,
        storage.look,
        closed_years.look,
        forgotten_imports.look,
        clocks.look,
        alarms.standing,
        alarms.look,
    )
    for check in checks:
        yield check(services)
