"""The worker: serves the queues in order and stops in good order when its dyno must go."""

from __future__ import annotations

from types import FrameType
from typing import Any

from redis import Redis
from rq.serializers import JSONSerializer
from rq.worker import HerokuWorker

from audiospective.clients.queues import QUEUES, Queues, TaskJob, TaskQueue
from audiospective.jobs import context

WORKER_TTL = 60  # seconds after which a silent worker's jobs count as abandoned
MAINTENANCE = 30  # seconds between two looks for abandoned jobs
FORCE_AFTER = 12  # seconds a running job has to end by itself; the dyno is killed after 30


class ArchiveWorker(HerokuWorker):
    """A HerokuWorker that asks the running job to end before it interrupts it."""

    imminent_shutdown_delay = FORCE_AFTER

    def request_stop_sigrtmin(self, signum: int, frame: FrameType | None) -> None:
        context.stop_soon()
        super().request_stop_sigrtmin(signum, frame)


def build(redis: Redis) -> ArchiveWorker:
    """A worker for all queues; importing the tasks now spares every forked job the time."""
    from audiospective.jobs import tasks  # noqa: F401

    # RQ ends a read that hangs on a dead connection, but only on connections opened from now on.
    redis.connection_pool.disconnect()
    redis.connection_pool.reset()
    queues = Queues(redis)
    options: dict[str, Any] = {"job_class": TaskJob, "queue_class": TaskQueue}
    return ArchiveWorker(
        [queues.queue(name) for name in QUEUES],
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE,
        **options,
    )
