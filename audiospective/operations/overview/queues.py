"""What waits in the queues, since when, and how many workers there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry

from audiospective import clock
from audiospective.clients.queues import LONG, QUEUES
from audiospective.services import Services


@dataclass(frozen=True)
class QueueState:
    """One queue: how many jobs wait, for how long the first of them has, and how many failed."""

    name: str
    jobs: int
    oldest: timedelta | None
    failed: int

    @property
    def may_wait(self) -> bool:
        """Whether jobs of this queue take minutes, so that others wait behind them."""
        return self.name in LONG


@dataclass(frozen=True)
class Queues:
    queues: tuple[QueueState, ...]
    workers: int

    @property
    def jobs(self) -> int:
        return sum(one.jobs for one in self.queues)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.queues)

    @property
    def oldest(self) -> QueueState | None:
        """The queue whose first job has waited longest, of those that should not wait."""
        found = [one for one in self.queues if one.oldest is not None and not one.may_wait]
        return max(found, key=lambda one: one.oldest or timedelta(), default=None)


def look(services: Services) -> Queues:
    """Three round trips to Redis, whatever waits; raises RedisError."""
    redis, now = services.redis, clock.now()
    with redis.pipeline(transaction=False) as pipe:
        for name in QUEUES:
            key = f"{Queue.redis_queue_namespace_prefix}{name}"
            pipe.llen(key)
            pipe.lindex(key, 0)
            pipe.zcard(FailedJobRegistry(queue=services.queues.queue(name)).key)
        found = pipe.execute()
    counts, first, failed = found[0::3], found[1::3], found[2::3]
    with redis.pipeline(transaction=False) as pipe:
        for job in first:
            pipe.hget(Job.key_for(job.decode() if job else ""), "enqueued_at")
        since = pipe.execute()
    return Queues(
        tuple(
            QueueState(name, int(jobs), _age(at, now) if jobs else None, int(dead))
            for name, jobs, at, dead in zip(QUEUES, counts, since, failed, strict=True)
        ),
        services.queues.workers(),
    )


def _age(at: bytes | None, now: datetime) -> timedelta | None:
    if not at:
        return None
    try:
        begun = datetime.fromisoformat(at.decode())
    except ValueError:
        return None
    begun = begun if begun.tzinfo else begun.replace(tzinfo=UTC)
    return max(timedelta(), now - begun)
