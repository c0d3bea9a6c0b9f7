"""The queues of a simulated instance: jobs wait in memory for their time, and can be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from redis.exceptions import ConnectionError as AwayError

from audiospective import clock
from audiospective.clients.queues import FREE, PRO, QUEUES, Later, Queues
from audiospective.simulation.operation_faults import FaultInjector
from audiospective.simulation.timeline import Timeline


@dataclass(frozen=True)
class Job:
    """`at` in true UTC milliseconds."""

    at: int
    queue: str
    task: str
    args: tuple[Any, ...]
    id: str | None = None


class MemoryQueues(Queues):
    """What is enqueued waits here; what RQ itself does is tried with real processes elsewhere."""

    def __init__(self, injector: FaultInjector, timeline: Timeline) -> None:
        self._injector = injector
        self._timeline = timeline
        self._waiting: list[tuple[int, int, int, Job]] = []
        self._ids: set[str] = set()
        self._serial = 0
        self.served = True  # whether a worker runs

    def enqueue(self, queue: str, task: str, *args: Any, **options: Any) -> None:
        self._put(Job(self._timeline.ms, queue, task, args, _named(options)))

    def enqueue_once(
        self, queue: str, task: str, *args: Any, job_id: str, timeout: int = 0
    ) -> bool:
        if job_id in self._ids:
            return False
        self._put(Job(self._timeline.ms, queue, task, args, job_id))
        return True

    def enqueue_later(self, jobs: Sequence[Later]) -> None:
        for one in jobs:
            at = max(clock.to_ms(one.when) - self._timeline.ahead, self._timeline.ms)
            self._put(Job(at, one.queue, one.task, one.args, _named({"job_id": one.job_id})))

    def take(self, task: str) -> tuple[Any, ...] | None:
        at = self.next_at()
        if at is None or at > self._timeline.ms:
            return None
        job = self._waiting[0][-1]
        if job.task != task or job.queue not in (PRO, FREE):
            return None
        self._injector.pass_through("redis", self.next_job, lambda: AwayError("simulated"))
        return job.args

    def empty(self, queue: str) -> int:
        def drop() -> int:
            now = self._timeline.ms
            left = [one for one in self._waiting if one[-1].queue != queue or one[-1].at > now]
            gone = len(self._waiting) - len(left)
            self._waiting = sorted(left)
            return gone

        return self._injector.pass_through("redis", drop, lambda: AwayError("simulated"))

    def anything_before(self, queue: str) -> bool:
        before = QUEUES[: QUEUES.index(queue)]
        return any(
            at <= self._timeline.ms and job.queue in before for at, _, _, job in self._waiting
        )

    def workers(self) -> int:
        return 1

    def next_at(self) -> int | None:
        return self._waiting[0][0] if self._waiting and self.served else None

    def next_job(self) -> Job | None:
        """The job whose turn it is, or None."""
        at = self.next_at()
        if at is None or at > self._timeline.ms:
            return None
        job = heappop(self._waiting)[-1]
        self._ids.discard(job.id or "")
        return job

    def flush(self) -> None:
        """Redis forgets everything."""
        self._waiting.clear()
        self._ids.clear()

    def _put(self, job: Job) -> None:
        def put() -> None:
            if job.id and job.id in self._ids:
                self._waiting = [one for one in self._waiting if one[-1].id != job.id]
                self._waiting.sort()
            self._ids.add(job.id or "")
            self._serial += 1
            heappush(self._waiting, (job.at, QUEUES.index(job.queue), self._serial, job))

        self._injector.pass_through("redis", put, lambda: AwayError("simulated"))


def _named(options: dict[str, Any]) -> str | None:
    # The ids of batches are random, and nothing is ever enqueued twice under one.
    found = options.get("job_id")
    return None if found is None or found.startswith("batch-") else str(found)
