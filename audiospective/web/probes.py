"""Probes: is the process alive, can it serve, and are polls made."""

from __future__ import annotations

import threading
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue
from peewee import PeeweeException
from redis import RedisError

from audiospective import clock, log
from audiospective.models import database
from audiospective.operations.overview import polling
from audiospective.web.context import services

blueprint = Blueprint("probes", __name__)

PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
KEPT = 15.0  # seconds for which an answer about polls holds: it reads a row of every member


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Alive: touches neither database nor Redis, so an outage there restarts nothing."""
    return "ok\n", PLAIN


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers and polls are made. Redis is said but not required: pages work so."""
    lines, status = [], 200
    try:
        database.execute_sql("SELECT 1").fetchone()
        lines.append("database: ok")
        since = _Stale.since()
        lines.append("polling: ok" if since is None else f"polling: none since {since:%F %T} UTC")
        status = 200 if since is None else 503
    except PeeweeException as error:
        log.trouble("database_away", error)
        lines.append("database: no answer")
        status = 503
    try:
        services().redis.ping()
        lines.append("redis: ok")
    except RedisError:
        lines.append("redis: no answer")
    return "\n".join(lines) + "\n", status, PLAIN


class _Stale:
    """What was found about polls a moment ago; anybody may ask as often as they like."""

    lock = threading.Lock()
    asked: tuple[float, object, datetime | None] | None = None

    @classmethod
    def since(cls) -> datetime | None:
        now, whose = clock.monotonic(), services()
        with cls.lock:
            known = cls.asked
            if known is None or known[1] is not whose or not 0 <= now - known[0] < KEPT:
                cls.asked = known = (now, whose, polling.stale_since(whose))
        return known[2]
