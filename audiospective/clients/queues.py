"""The queues: wake-ups in Redis that carry ids, as JSON, for functions on a list.

One module although it is long: what goes into Redis and what comes back share one form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import DeserializationError, NoSuchJobError, ShutDownImminentException
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException
from rq_scheduler import Scheduler

INTERACTIVE = "interactive"  # somebody is looking at the page
PRO = "pro"
FREE = "free"
UPKEEP = "upkeep"  # the timetable's short jobs: planning, e-mails, checks
BULK = "bulk"  # imports, sealing, closed years, the weekly checks
EXPORT = "exports"  # after everything else: nobody's plays wait for somebody's file
QUEUES = (INTERACTIVE, UPKEEP, PRO, FREE, BULK, EXPORT)  # workers serve them in this order
LONG = (BULK, EXPORT)  # their jobs take minutes; a worker of their own keeps polls from waiting

TASKS = "audiospective.jobs.tasks."  # the one module that a job may name
# The functions of that module that a job may name; whatever else stands in Redis does not run.
TASK_NAMES = frozenset(
    {
        "archive_batch",
        "deliver_export",
        "delete_accounts",
        "forward_plays",
        "free_catalog",
        "join_listens",
        "keep_ledger",
        "maintain",
        "make_export",
        "move_closed_years",
        "plan_polls",
        "poll_user",
        "seal_due",
        "seal_members",
        "send_emails",
        "verify_archives",
        "watch_server",
        "reconcile_imports",
        "work_on_import",
    }
)
# What is believed of a job that comes out of Redis. RQ would also import and call what the job
# names as callbacks, even of one that was refused, and send its webhooks to any address.
RESTORED = frozenset(
    {
        *("data", "origin", "status", "description", "timeout", "ttl", "result_ttl", "failure_ttl"),
        *("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "worker_name"),
        "meta",
    }
)
# Of a job's meta, what rq-scheduler repeats it by; a queue class named there would be imported.
REPEATED = {"cron_string": str, "use_local_timezone": bool}
DEFAULT_TIMEOUT = 60  # seconds
FAILURE_SECONDS = 24 * 3600  # a failed job can be looked at for this long
TOGETHER = 500  # jobs that are sent to Redis in one go
WATCHED = "watched"  # this key stands while somebody looks for alarms

# Raised into a running job from outside; a handler for everything must let these through.
INTERRUPTS = (BaseTimeoutException, ShutDownImminentException)

# How RQ fails to read a job that another program wrote, or another release of RQ.
_UNREADABLE = (DeserializationError, ValueError, TypeError, AssertionError, LookupError)


class ForbiddenTaskError(Exception):
    """A job names a function that is not one of ours; it is not run."""


class TaskJob(Job):
    """A job in JSON both ways: whoever can write to Redis still cannot make a worker unpickle.

    rq-scheduler has no serializer setting, so the default is changed here, in the class that
    scheduler, queues and workers are all given.
    """

    def __init__(self, id: str | None = None, connection: Any = None, serializer: Any = None):
        super().__init__(id, connection, serializer or JSONSerializer)

    @classmethod
    def fetch_many(
        cls, job_ids: Iterable[str], connection: Redis, serializer: Any = None
    ) -> list[Job | None]:
        """The same, but None also for what cannot be read; one alone stops nobody."""
        with connection.pipeline(transaction=False) as pipe:
            made = [cls(job_id, connection, serializer) for job_id in job_ids]
            for job in made:
                pipe.hgetall(job.key)
            found: list[Job | None] = []
            for job, told in zip(made, pipe.execute(), strict=True):
                try:
                    job.restore(told)
                except NoSuchJobError:
                    found.append(None)
                else:
                    found.append(job)
        return found

    def restore(self, raw_data: Mapping[bytes, Any]) -> None:
        """Take over what Redis holds of this job, and nothing that would run or call out.

        What cannot be read counts as gone: scheduler and workers pass over it, where any other
        error would end them, one look after the other.
        """
        try:
            super().restore({key: raw_data[key] for key in raw_data if key.decode() in RESTORED})
            sound = isinstance(self.func_name, str) and isinstance(self.args, list | tuple)
        except _UNREADABLE as error:
            raise NoSuchJobError(f"job {self.id} cannot be read: {type(error).__name__}") from None
        if not sound:
            raise NoSuchJobError(f"job {self.id} names no task")
        found: Any = self.meta
        self.meta = {
            name: found[name]
            for name, kind in REPEATED.items()
            if isinstance(found, dict) and isinstance(found.get(name), kind)
        }

    def cleanup(
        self, ttl: int | None = None, pipeline: Any = None, remove_from_queue: bool = True
    ) -> None:
        """Leave a job alone that was put into a queue, or planned, again under its own id while
        it ran.

        RQ deletes by id what came to its end, and with it what stands in the queue since.
        """
        status, worker = self.connection.hmget(self.key, "status", "worker_name")
        is_taken = worker and worker != (self.worker_name or "").encode()
        if ttl != 0 or not (status in (b"queued", b"scheduled") or is_taken):
            super().cleanup(ttl, pipeline, remove_from_queue)

    @property
    def func(self) -> Callable[..., Any]:
        name = self.func_name or ""
        if not name.startswith(TASKS) or name.removeprefix(TASKS) not in TASK_NAMES:
            raise ForbiddenTaskError(f"job {self.id} names no task")
        return super().func  # type: ignore[no-any-return]


class TaskQueue(Queue):
    job_class = TaskJob


@dataclass(frozen=True)
class Later:
    """A task that is to run at `when` (aware); `args` are ids: numbers and short strings."""

    when: datetime
    queue: str
    task: str
    args: tuple[Any, ...]
    job_id: str
    timeout: int = DEFAULT_TIMEOUT


class Queues:
    """Puts tasks into queues; one task is named by the function's name in `jobs/tasks.py`."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def queue(self, name: str) -> TaskQueue:
        return TaskQueue(name, connection=self.redis, job_class=TaskJob, serializer=JSONSerializer)

    def enqueue(
        self,
        queue: str,
        task: str,
        *args: Any,
        job_id: str | None = None,
        timeout: int = DEFAULT_TIMEOUT,
        first: bool = False,
    ) -> None:
        """Run `task` as soon as a worker is free. `args` are ids: numbers and short strings.

        `first`: before what waits in this queue already.
        """
        if job_id is not None:
            self.redis.zrem(_failed(queue), job_id)  # it is no longer the job that failed
        self.queue(queue).enqueue_call(
            TASKS + task,
            args=args,
            job_id=job_id,
            timeout=timeout,
            at_front=first,
            result_ttl=0,  # a finished job leaves nothing that could collide with its successor
            failure_ttl=FAILURE_SECONDS,
        )

    def enqueue_once(
        self, queue: str, task: str, *args: Any, job_id: str, timeout: int = DEFAULT_TIMEOUT
    ) -> bool:
        """The same, unless a job with this id waits already; whether it was enqueued.

        The queue is asked, not the job: one that was lost with its worker says for ever that it
        waits.
        """
        if self.redis.lpos(self.queue(queue).key, job_id) is not None:
            return False
        self.enqueue(queue, task, *args, job_id=job_id, timeout=timeout)
        return True

    def enqueue_later(self, jobs: Sequence[Later]) -> None:
        """Run each when its time has come; needs a running scheduler.

        Written as rq-scheduler's `enqueue_at` writes one, but many at a time: a large instance
        plans thousands of jobs at once. A job with a known id takes that one's place.
        """
        for start in range(0, len(jobs), TOGETHER):
            pipe = self.redis.pipeline()
            for one in jobs[start : start + TOGETHER]:
                job = TaskJob.create(
                    TASKS + one.task,
                    args=one.args,
                    connection=self.redis,
                    id=one.job_id,
                    timeout=one.timeout,
                    result_ttl=0,
                    failure_ttl=FAILURE_SECONDS,
                    status=JobStatus.SCHEDULED,
                    origin=one.queue,
                    description=one.task,  # RQ would write all arguments a second time
                )
                job.save(pipeline=pipe)
                pipe.zrem(_failed(one.queue), job.id)
                due = int(one.when.astimezone(UTC).timestamp())
                pipe.zadd(Scheduler.scheduled_jobs_key, {job.id: due})
            pipe.execute()

    def take(self, task: str) -> tuple[Any, ...] | None:
        """Take the job that workers would begin next, if it is a batch: its arguments.

        The caller does its work; for the queue it is done.
        """
        waiting = next((one for one in map(self.queue, QUEUES) if one.count), None)
        if waiting is None or waiting.name not in (PRO, FREE):
            return None
        job_id = waiting.pop_job_id()
        if job_id is None:
            return None
        try:
            job = TaskJob.fetch(job_id, connection=self.redis, serializer=JSONSerializer)
        except NoSuchJobError:
            return None
        if job.func_name != TASKS + task:
            waiting.push_job_id(job_id, at_front=True)
            return None
        args = tuple(job.args)
        job.delete(remove_from_queue=False)
        return args

    def forget(self, pattern: str) -> None:
        """Delete the keys in Redis whose names fit `pattern`."""
        for key in self.redis.scan_iter(match=pattern, count=1000):
            self.redis.delete(key)

    def empty(self, queue: str) -> int:
        """Forget the jobs that wait in a queue; how many there were."""
        return int(self.queue(queue).empty())

    def wake(self, task: str, *args: Any) -> bool:
        """Enqueue what somebody waits for, unless it waits already; False when Redis is away."""
        try:
            self.enqueue_once(INTERACTIVE, task, *args, job_id="-".join(map(str, (task, *args))))
        except RedisError:
            return False
        return True

    def scheduler(self, interval: float = 5) -> Scheduler:
        return Scheduler(
            queue_name=UPKEEP,
            connection=self.redis,
            interval=interval,
            job_class=TaskJob,
            queue_class=TaskQueue,
        )

    def workers(self) -> int:
        """How many workers serve the queues at present."""
        return int(Worker.count(connection=self.redis))

    def waiting_for(self, task: str, number: int) -> list[str]:
        """Ids of jobs of `task` with the one argument `number`: waiting, or failed lately."""
        found = []
        for name in QUEUES:
            queue = self.queue(name)
            failed = FailedJobRegistry(queue=queue).get_job_ids()
            ids = [*queue.job_ids, *failed]
            for job in TaskJob.fetch_many(ids, connection=self.redis, serializer=JSONSerializer):
                if job and job.func_name == TASKS + task and list(job.args) == [number]:
                    found.append(str(job.id))
        return found

    def drop(self, job_ids: Iterable[str]) -> None:
        """Delete jobs wherever they wait; those that are not there are passed over."""
        scheduler = self.scheduler()
        for job_id in job_ids:
            scheduler.cancel(job_id)
            with suppress(NoSuchJobError):
                TaskJob.fetch(job_id, connection=self.redis, serializer=JSONSerializer).delete()

    def anything_before(self, queue: str) -> bool:
        """Whether a job waits that workers take before those of `queue`."""
        return any(self.queue(name).count for name in QUEUES[: QUEUES.index(queue)])


def _failed(queue: str) -> str:
    """The key of the registry of a queue's failed jobs."""
    return FailedJobRegistry.key_template.format(queue)
