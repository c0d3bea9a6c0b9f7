"""Starts the worker and the scheduler: checks what they need, says in one line what is missing."""

from __future__ import annotations

import sys

from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import log, models
from audiospective.jobs import scheduler as scheduling
from audiospective.jobs.worker import build
from audiospective.services import Services
from audiospective.settings import Settings, SettingsError, use_utc


def worker() -> None:
    """Serve the queues until told to stop."""
    build(_ready().redis).work(logging_level="WARNING")


def scheduler() -> None:
    """Run the timetable until told to stop."""
    use_utc()
    scheduling.run(_ready())


def _ready() -> Services:
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        _stop(error.faults)
    log.configure(settings.log_level)
    services = Services.build(settings)
    faults = [fault for fault in (_redis_fault(services), _database_fault()) if fault]
    if faults:
        _stop(faults)
    return services


def _redis_fault(services: Services) -> str | None:
    try:
        services.redis.ping()
    except RedisError as error:
        return f"REDIS_URL: the server does not answer ({type(error).__name__})."
    return None


def _database_fault() -> str | None:
    """Looks once and closes again: a worker must not fork with an open connection."""
    try:
        missing = models.pending()
    except (PeeweeException, OSError) as error:
        return f"DATABASE_URL: the database cannot be used ({type(error).__name__})."
    if missing:
        return "DATABASE_URL: tables are missing; run 'python -m audiospective migrate' first."
    return None


def _stop(faults: list[str]) -> None:
    for fault in faults:
        sys.stderr.write(f"audiospective: {fault}\n")
    sys.exit(2)
