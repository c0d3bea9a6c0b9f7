"""Failed jobs are noted by type and place; RQ would print the text of exceptions and keep it."""

from __future__ import annotations

from typing import Any

from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.worker import BaseWorker

from audiospective import log

TRACEBACK = "Traceback (most recent call last)"


class QuietFailures(BaseWorker):
    """A worker's two ways of telling of a failure: its log, and the job's result in Redis."""

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        log.trouble("job_failed", exc_info[1], job=job.id, queue=job.origin)

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry | None = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        if TRACEBACK in exc_string:
            exc_string = "an exception; the log names its type and place"
        super().handle_job_failure(job, queue, started_job_registry, exc_string, execution)
