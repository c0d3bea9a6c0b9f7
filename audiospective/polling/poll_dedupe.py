"""Marks in Redis that say whose poll of a slot is done: a repeated job then costs no call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.services import Services

MARK_SECONDS = 24 * 3600
CLOCKS_DIFFER = timedelta(minutes=1)  # from machine to machine, by less


def mark(user_id: int, slot: datetime) -> str:
    """The key in Redis that says this person's poll of this slot is done."""
    return f"archive:{user_id}:{slot:%Y_%m_%d_%H%M}"


def without_done(services: Services, user_ids: Sequence[int], slot: datetime) -> list[int]:
    """Those whose slot is not marked; without Redis everybody, the database decides anyway.

    A mark from the future is none: the clock has been set back, and the slot comes once more.
    """
    try:
        marks = services.redis.mget([mark(user_id, slot) for user_id in user_ids])
    except RedisError:
        return list(user_ids)
    latest = clock.to_ms(clock.now() + CLOCKS_DIFFER)
    return [
        user_id
        for user_id, done in zip(user_ids, marks, strict=True)
        if not done or int(done) > latest
    ]


def mark_done(services: Services, user_ids: Sequence[int], slot: datetime) -> None:
    """Mark finished polls, after their commit; without Redis nothing is lost but calls."""
    if not user_ids:
        return
    try:
        pipe = services.redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipe.set(mark(user_id, slot), clock.to_ms(clock.now()), ex=MARK_SECONDS)
        pipe.execute()
    except RedisError as error:
        log.trouble("polls_not_marked", error, people=len(user_ids))
