"""Limits of a Spotify app, shared by every process that calls for it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError

from audiospective import clock

# For so long a block of another process may go unnoticed: each poll would ask once, which takes a
# tenth of its time, and all threads of a batch share few connections.
ASKED = timedelta(milliseconds=100)
# Two processes may learn of two limits at once: the later end stays, whoever writes last.
_LATER = """
local known = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if known > 253402300799999 then known = 0 end -- no instant: after the year 9999
if tonumber(ARGV[1]) > known then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
"""


class BlockedApps:
    """Remembers until when an app may not call.

    Redis tells the other workers, who ask it again after ASKED; the app's row in the database is
    what lasts. A Redis that does not answer blocks nobody: what this process knows itself still
    holds.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[int, datetime] = {}
        self._asked: dict[int, datetime] = {}  # when Redis last knew of no block
        self._lock = threading.Lock()

    def block(self, app_id: int, until: datetime) -> None:
        """No call for this app before `until`; a later end stays."""
        with self._lock:
            self._known[app_id] = max(until, self._known.get(app_id, until))
        seconds = int((until - clock.now()).total_seconds()) + 1
        if seconds <= 0:
            return
        with suppress(RedisError):
            self._redis.eval(_LATER, 1, _key(app_id), clock.to_ms(until), seconds)

    def blocked_until(self, app_id: int) -> datetime | None:
        """The end of the block, or None when the app may call."""
        now = clock.now()
        with self._lock:
            known = self._known.get(app_id)
            asked = self._asked.get(app_id, clock.EPOCH)
            fresh = asked <= now < asked + ASKED
            if not fresh:
                self._asked[app_id] = now
        ends = [known] if known else []
        if not fresh and (found := self._told(app_id)):
            ends.append(found)
            with self._lock:
                self._asked.pop(app_id, None)
        until = max(ends, default=None)
        return until if until and until > now else None

    def _told(self, app_id: int) -> datetime | None:
        try:
            found = self._redis.get(_key(app_id))
        except RedisError:
            return None
        return clock.stored(found)

    def lift(self, app_id: int) -> None:
        """Forget a block, after the app's settings were corrected."""
        with self._lock:
            self._known.pop(app_id, None)
        with suppress(RedisError):  # it ends by itself, later
            self._redis.delete(_key(app_id))


def _key(app_id: int) -> str:
    return f"app:{app_id}:blocked"
