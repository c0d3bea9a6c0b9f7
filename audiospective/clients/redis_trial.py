"""Whether Redis takes what is written: one that is full, or a copy, answers a ping all the same."""

from __future__ import annotations

from redis import Redis

KEY, SECONDS = "tried", 60


def write(redis: Redis) -> None:
    """Write one small key that soon expires; raises RedisError. One round trip, like a ping."""
    redis.set(KEY, 1, ex=SECONDS)
