"""Booting: checks what a process needs before it starts, and says in one line what is missing."""

from __future__ import annotations

import sys
from typing import NoReturn

from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import environment, log, models
from audiospective.clients import error_reports
from audiospective.models.base import DurabilityError
from audiospective.policy import database_refusal, redis_refusal
from audiospective.services import Services
from audiospective.settings import Settings, SettingsError

# gunicorn gives up on a worker that ends with 3 and restarts one that ends with anything else;
# settings do not get better by trying again.
EXIT_STATUS = 3


def services(*, threads: bool = False) -> Services:
    """The services of this process; ends it with one line a fault if it cannot work.

    The database is looked at and closed again: a worker must not fork with an open connection.
    """
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        _stop(error.faults)
    environment.keep_private()
    log.configure(settings.log_level)
    error_reports.configure(settings.sentry_dsn)
    built = Services.build(settings, threads=threads)
    faults = [fault for fault in (_redis_fault(built), _database_fault()) if fault]
    if faults:
        _stop(faults)
    return built


def _redis_fault(built: Services) -> str | None:
    try:
        built.redis.ping()
    except RedisError as error:
        return f"REDIS_URL: {redis_refusal.in_words(error, type(error).__name__)}"
    return None


def _database_fault() -> str | None:
    try:
        missing = models.pending()
    except models.EncodingError as error:
        return f"DATABASE_URL: {error}."
    except (PeeweeException, DurabilityError, OSError) as error:
        said = f"DATABASE_URL: the database cannot be used ({type(error).__name__})."
        # Of the error itself nothing: it has addresses, and this goes to the log.
        found = database_refusal.known(str(error))
        return f"{said[:-1]}: {found[0]}. {found[1]}" if found else said
    if missing:
        return "DATABASE_URL: tables are missing; run 'python -m audiospective migrate' first."
    return None


def _stop(faults: list[str]) -> NoReturn:
    for fault in faults:
        sys.stderr.write(f"audiospective: {fault}\n")
    sys.stderr.flush()
    sys.exit(EXIT_STATUS)
