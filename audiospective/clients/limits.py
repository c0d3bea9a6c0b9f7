"""Limits of a Spotify app, shared by every process that calls for it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime

from redis import Redis
from redis.exceptions import RedisError

from audiospective import clock


class AppLimits:
    """Remembers until when an app may not call.

    Redis tells the other workers at once; the app's row in the database is what lasts. A Redis
    that does not answer blocks nobody: what this process knows itself still holds.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def block(self, app_id: int, until: datetime) -> None:
        """No call for this app before `until`; a later end stays."""
        until = max(until, self.blocked_until(app_id) or until)
        with self._lock:
            self._known[app_id] = max(until, self._known.get(app_id, until))
        seconds = int((until - clock.now()).total_seconds()) + 1
        if seconds <= 0:
            return
        try:
            self._redis.set(_key(app_id), clock.to_ms(until), ex=seconds)
        except RedisError:
            return

    def blocked_until(self, app_id: int) -> datetime | None:
        """The end of the block, or None when the app may call."""
        now = clock.now()
        with self._lock:
            known = self._known.get(app_id)
        if known and known > now:
            return known
        try:
            found = self._redis.get(_key(app_id))
        except RedisError:
            return None
        until = clock.from_ms(int(found)) if found else None
        return until if until and until > now else None

    def lift(self, app_id: int) -> None:
        """Forget a block, after the app's settings were corrected."""
        with self._lock:
            self._known.pop(app_id, None)
        with suppress(RedisError):  # it ends by itself, later
            self._redis.delete(_key(app_id))


def _key(app_id: int) -> str:
    return f"app:{app_id}:blocked"
