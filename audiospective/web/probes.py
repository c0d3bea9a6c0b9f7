"""Probes: is the process alive, can it serve, and are polls made."""

from __future__ import annotations

import threading
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue
from peewee import PeeweeException
from redis import Redis, RedisError
from redis.exceptions import AuthenticationError, BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from audiospective import clock
from audiospective.clients import redis_trial
from audiospective.models import dialects
from audiospective.operations import disk
from audiospective.operations.overview import polling
from audiospective.policy.in_words import size
from audiospective.web import repeated_faults
from audiospective.web.context import services

blueprint = Blueprint("probes", __name__)

PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
KEPT = 15.0  # seconds for which an answer about polls holds: it reads a row of every member
KEPT_TRIAL = 5.0  # and one about Redis: what is written there goes to its disk and its copies


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Alive: touches neither database nor Redis, so an outage there restarts nothing."""
    return "ok\n", PLAIN


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database can be used, polls are made, no disk is nearly full. Redis is said only."""
    lines, status = [], 200
    try:
        usable = dialects.takes_writes()
        lines.append("database: ok" if usable else "database: takes nothing")
        since = _Stale.since()
        lines.append("polling: ok" if since is None else f"polling: none since {since:%F %T} UTC")
        status = 200 if usable and since is None else 503
    except PeeweeException as error:
        repeated_faults.tell("database_away", error, page="/readyz")
        lines.append("database: no answer")
        status = 503
    if (room := disk.low(services().settings)) is not None:
        lines.append(f"disk: {size(room.free)} left")
        status = 503
    lines.append(f"redis: {_Tried.said()}")
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


class _Tried:
    """What became of the last trial of Redis."""

    lock = threading.Lock()
    asked: tuple[float, object, str] | None = None

    @classmethod
    def said(cls) -> str:
        whose = services()
        with cls.lock:
            known, now = cls.asked, clock.monotonic()
            if known is None or known[1] is not whose or not 0 <= now - known[0] < KEPT_TRIAL:
                said = _trial(whose.redis)
                cls.asked = known = (clock.monotonic(), whose, said)
        return known[2]


def _trial(redis: Redis) -> str:
    try:
        redis_trial.write(redis)
    except (AuthenticationError, BusyLoadingError):  # the client counts them among the next ones
        return "takes nothing"
    except (RedisConnectionError, RedisTimeoutError):
        return "no answer"
    except RedisError:
        return "takes nothing"
    return "ok"
