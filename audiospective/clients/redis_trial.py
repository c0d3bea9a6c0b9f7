"""Whether Redis takes what is written: one that is full, or a copy, answers a ping all the same."""

from __future__ import annotations

from redis import Redis

KEY, SECONDS = "tried", 60
# A full server takes something small now and then, as clients come and go. This is about what it
# needs for a worker that says that it is there.
ENOUGH = b"0" * 16_384


def write(redis: Redis) -> None:
    """Write one key that soon expires; raises RedisError. One round trip, like a ping."""
    redis.set(KEY, ENOUGH, ex=SECONDS)
