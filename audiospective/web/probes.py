"""Probes: is the process alive, and can it serve."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from peewee import PeeweeException
from redis import RedisError

from audiospective import log
from audiospective.models import database
from audiospective.web.context import services

blueprint = Blueprint("probes", __name__)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Alive: touches neither database nor Redis, so an outage there restarts nothing."""
    return "ok\n", {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Ready: the database answers. Redis is said but not required: pages work without it."""
    lines, status = [], 200
    try:
        database.execute_sql("SELECT 1").fetchone()
        lines.append("database: ok")
    except PeeweeException as error:
        log.trouble("database_away", error)
        lines.append("database: no answer")
        status = 503
    try:
        services().redis.ping()
        lines.append("redis: ok")
    except RedisError:
        lines.append("redis: no answer")
    return "\n".join(lines) + "\n", status, {"Content-Type": "text/plain; charset=utf-8"}
