"""The worker: serves the queues in order and stops in good order when its dyno must go."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, worker_registration
from rq.exceptions import ShutDownImminentException
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import Worker

from audiospective import log
from audiospective.clients.queues import (
    LONG,
    QUEUES,
    UPKEEP,
    WATCHED,
    Queues,
    TaskJob,
    TaskQueue,
)
from audiospective.jobs import context
from audiospective.jobs.quiet_failures import QuietFailures
from audiospective.operations import agreement
from audiospective.settings import Settings, SettingsError

WORKER_TTL = 60  # seconds after which a silent worker's jobs count as abandoned
MAINTENANCE = 30  # seconds between two looks for abandoned jobs
LONG_JOBS = "bulk-"  # how names of workers begin that serve long jobs alone
LOOK, LOOK_SECONDS = "watch_server", 120  # the job that looks for alarms
RETRY_SECONDS = 5  # between two tries of a Redis that takes nothing
FORCE_AFTER = 12  # seconds a running job has to end by itself; the dyno is killed after 30


class ArchiveWorker(QuietFailures, Worker):
    """A worker whose running job is asked to end before it is interrupted.

    A Heroku-style platform sends SIGTERM to every process, jobs included, and kills 30 seconds
    later. RQ's own HerokuWorker answers that with a real-time signal, which macOS does not have;
    here the job ignores SIGTERM and SIGINT and listens to SIGUSR2 from its parent alone.
    """

    _is_first_round = True
    is_told_to_stop = False

    @property
    def _ordered_queues(self) -> list[Queue]:
        """What is looked through for the next job, read anew before each look.

        While a worker for long jobs lives, they are left to it: a poll never waits for one.
        """
        if self.name.startswith(LONG_JOBS) or not long_jobs_are_served(self.connection):
            return self._in_order
        return [queue for queue in self._in_order if queue.name not in LONG]

    @_ordered_queues.setter
    def _ordered_queues(self, queues: list[Queue]) -> None:
        self._in_order = queues

    def run_maintenance_tasks(self) -> None:
        with suppress(RedisError):  # the next round comes soon; no reason for a worker to end
            super().run_maintenance_tasks()
        # A job connects to the database in a process of its own; this one must not, it forks.
        # Not with the first round: the pages of a server that just came up will look soon.
        first, self._is_first_round = self._is_first_round, False
        with suppress(RedisError):
            if not first and not self.connection.exists(WATCHED):
                queues = Queues(self.connection)
                queues.enqueue_once(UPKEEP, LOOK, job_id=LOOK, timeout=LOOK_SECONDS)
        # Read anew, as each job does: after a change of the file they are no longer this process's.
        with suppress(RedisError, SettingsError):
            role = agreement.BULK if self.name.startswith(LONG_JOBS) else agreement.WORKER
            agreement.leave(self.connection, Settings.from_env(), role)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Says that this worker lives; a Redis that has forgotten it counts it again."""
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Redis takes nothing just now: what runs goes on, and this worker stays with it."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            log.trouble("redis_away", error, job=job.id)

    def set_shutdown_requested_date(self) -> None:
        """Nobody waits for that note, and what runs needs its time to end."""
        with suppress(RedisError):
            super().set_shutdown_requested_date()

    def stop_listening(self) -> None:
        """End the thread that listens to Redis, which outlives a worker that an error ended."""
        thread: Any = self.pubsub_thread
        if thread:
            thread.stop()
        with suppress(RedisError):
            self.unsubscribe()

    def end_job(self) -> None:
        """End the job that still runs, if one does: nobody would see any more that it hangs."""
        if self.horse_pid:
            self.kill_horse()
            self.wait_for_horse()

    def setup_work_horse_signals(self) -> None:
        signal.signal(signal.SIGUSR2, self._end_soon)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def handle_warm_shutdown_request(self) -> None:
        self.is_told_to_stop = True
        if self.horse_pid:
            self.kill_horse(sig=signal.SIGUSR2)

    def _end_soon(self, _sign: int, _frame: FrameType | None) -> None:
        context.stop_soon()
        signal.signal(signal.SIGUSR2, self._end_now)
        signal.signal(signal.SIGALRM, self._end_now)
        signal.alarm(FORCE_AFTER)

    def _end_now(self, sign: int, _frame: FrameType | None) -> None:
        raise ShutDownImminentException(f"the process must end (signal {sign})", {})


def serve(redis: Redis, *, bulk: bool = False) -> None:
    """Serve the queues until told to stop; a Redis that went away, or is full, is waited for.

    A worker that ends because of it would be started again by a platform, each time later: up to
    hours after Redis takes what is written.
    """
    while True:
        made, error = None, None
        try:
            made = build(redis, bulk=bulk)
            made.work(logging_level="WARNING")
        except RedisError as found:
            error = found
        for sign in (signal.SIGTERM, signal.SIGINT):  # they were meant for the one that ended
            signal.signal(sign, signal.SIG_DFL)
        if made is not None and error is not None:
            made.stop_listening()
            made.end_job()
        if made is not None and made.is_told_to_stop:  # though it could not say that it ends
            return
        if error is not None:  # else RQ has said why it ended a worker that could still sign off
            log.trouble("redis_away", error)
        threading.Event().wait(RETRY_SECONDS)


def long_jobs_are_served(redis: Redis) -> bool:
    """Whether a worker lives that serves long jobs and nothing else."""
    served = redis.smembers(f"rq:workers:{LONG[0]}")
    beginning = f"rq:worker:{LONG_JOBS}".encode()
    own = [key for key in served if isinstance(key, bytes) and key.startswith(beginning)]
    return bool(own) and bool(redis.exists(*own))


def load_tasks() -> None:
    """Import the tasks and what sends mail, which spares every forked job the time."""
    from audiospective.clients import mail_http  # noqa: F401
    from audiospective.jobs import tasks  # noqa: F401


def build(redis: Redis, *, bulk: bool = False) -> ArchiveWorker:
    """A worker for all queues, or with `bulk` for those of long jobs."""
    load_tasks()
    # RQ ends a read that hangs on a dead connection, but only on connections opened from now on.
    redis.connection_pool.disconnect()
    redis.connection_pool.reset()
    queues = Queues(redis)
    options: dict[str, Any] = {"job_class": TaskJob, "queue_class": TaskQueue}
    return ArchiveWorker(
        [queues.queue(name) for name in (LONG if bulk else QUEUES)],
        name=LONG_JOBS + uuid4().hex if bulk else None,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE,
        **options,
    )
