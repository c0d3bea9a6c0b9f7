"""The scheduler: keeps the timetable in Redis and looks after people whose worker died."""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError
from rq_scheduler import Scheduler

from audiospective import clock, log
from audiospective.clients.queues import UPKEEP, TaskJob, TaskQueue
from audiospective.incidents import alarms
from audiospective.jobs import periodic
from audiospective.operations import agreement
from audiospective.polling import lost_claims
from audiospective.services import Services

INTERVAL = 5  # seconds between two looks at the schedule
OFTEN = 1  # seconds, where a look at every INTERVAL would hand over several batches at once
MANY = 120  # jobs in the schedule: a plan of ten minutes with one every INTERVAL
RETRY_SECONDS = 5
BEAT = 60.0  # seconds between two signs of life, in the database and in Redis


class ArchiveScheduler(Scheduler):
    """rq-scheduler that notices when Redis has forgotten everything.

    Before each look at the schedule the timetable is reconciled, which costs one read, so a
    flushed Redis is whole again within seconds.
    """

    def __init__(self, services: Services) -> None:
        super().__init__(
            queue_name=UPKEEP,
            connection=services.redis,
            interval=INTERVAL,
            job_class=TaskJob,
            queue_class=TaskQueue,
        )
        self._services = services
        self._timetable = periodic.timetable(services.settings)
        self._beaten = self._said = -BEAT

    def enqueue_jobs(self) -> Any:
        for line in periodic.reconcile(self, self._timetable):
            log.event("timetable", change=line)
        jobs = super().enqueue_jobs()
        waiting = self.connection.zcard(self.scheduled_jobs_key)
        self._interval = OFTEN if waiting > MANY else INTERVAL
        if clock.monotonic() - self._said >= BEAT:
            with suppress(RedisError):  # one that is full still hands over what is in it
                agreement.leave(self.connection, self._services.settings, agreement.SCHEDULER)
            self._said = clock.monotonic()
        self._recover()
        return jobs

    def _recover(self) -> None:
        try:
            with self._services.database.connection_context():
                lost_claims.recover(self._services)
                if clock.monotonic() - self._beaten >= BEAT:
                    alarms.beat("scheduler")
                    self._beaten = clock.monotonic()
        except RedisError:
            raise
        except Exception as error:  # noqa: BLE001 - a database that is away stops no timetable
            log.trouble("lost_claims_not_read", error)


def run(services: Services, stopped: threading.Event | None = None) -> None:
    """Schedule until the process is told to stop; a Redis that went away is waited for."""
    # rq-scheduler asks crontab without naming a zone; this process runs in UTC, so both agree.
    warnings.filterwarnings("ignore", message="Version 0.22.0", category=FutureWarning)
    stopped = stopped or threading.Event()
    while not stopped.is_set():
        try:
            ArchiveScheduler(services).run()
            return
        except RedisError as error:
            log.trouble("redis_away", error)
            stopped.wait(RETRY_SECONDS)
