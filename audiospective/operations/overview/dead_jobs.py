"""Jobs that gave up: what they were, and putting them back or away."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from rq.exceptions import DeserializationError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from audiospective import clock, log
from audiospective.clients.queues import QUEUES, TASK_NAMES, TASKS, TaskJob
from audiospective.models.operator_actions import OperatorAction
from audiospective.services import Services

SHOWN = 20
TIMETABLE = "periodic-"  # jobs that the timetable registers: they are their own definition


@dataclass(frozen=True)
class DeadJob:
    """`task` and its arguments are names and numbers of ours."""

    job_id: str
    queue: str
    task: str
    arguments: str
    failed_at: datetime | None
    reason: str


def newest(services: Services) -> list[DeadJob]:
    """The jobs that failed last, newest first; raises RedisError."""
    found = []
    for queue in QUEUES:
        registry = FailedJobRegistry(queue=services.queues.queue(queue))
        ids = registry.get_job_ids(0, SHOWN - 1, desc=True)
        jobs = TaskJob.fetch_many(ids, connection=services.redis, serializer=JSONSerializer)
        found += [_described(job, queue) for job in jobs if job is not None and _failed(job)]
    found.sort(key=lambda one: one.failed_at or clock.EPOCH, reverse=True)
    return found[:SHOWN]


def retry(services: Services, queue: str, job_id: str, operator: int) -> bool:
    """Put a job back into its queue; False if it is no longer among the dead."""
    registry = _registry(services, queue)
    if registry is None or not _is_dead(registry, job_id):
        return False
    try:
        registry.requeue(job_id)
    except (NoSuchJobError, InvalidJobOperation):
        return False
    _audit(operator, "retried", queue, job_id)
    return True


def discard(services: Services, queue: str, job_id: str, operator: int) -> bool:
    """Forget a job; False if it is no longer among the dead."""
    registry = _registry(services, queue)
    if registry is None or not _is_dead(registry, job_id):
        return False
    with suppress(NoSuchJobError):
        registry.remove(job_id, delete_job=not job_id.startswith(TIMETABLE))
    _audit(operator, "discarded", queue, job_id)
    return True


def _is_dead(registry: FailedJobRegistry, job_id: str) -> bool:
    """Whether a job of the registry failed and is still that job.

    Many ids are used again and again: one that lives anew leaves the registry and nothing else.
    """
    if job_id not in registry.get_job_ids():
        return False
    with suppress(NoSuchJobError):
        job = TaskJob.fetch(job_id, connection=registry.connection, serializer=JSONSerializer)
        if _failed(job):
            return True
    registry.remove(job_id)
    return False


def _failed(job: Job) -> bool:
    return job.get_status(refresh=False) == JobStatus.FAILED  # it was just fetched


def _registry(services: Services, queue: str) -> FailedJobRegistry | None:
    if queue not in QUEUES:
        return None
    return FailedJobRegistry(
        queue=services.queues.queue(queue), job_class=TaskJob, serializer=JSONSerializer
    )


def _audit(operator: int, action: str, queue: str, job_id: str) -> None:
    OperatorAction.create(
        at=clock.now(), operator=operator, action=action, what=f"job {job_id} of {queue}"
    )
    log.event(
        "operator_action", log.WARNING, operator=operator, action=action, queue=queue, job=job_id
    )


def _described(job: Job, queue: str) -> DeadJob:
    try:
        task, given = str(job.func_name or "").removeprefix(TASKS), job.args
    except DeserializationError:
        task, given = "", ()
    known = task in TASK_NAMES
    ended = job.ended_at
    result = job.latest_result()
    lines = str(result.exc_string or "").strip().splitlines() if result else []
    return DeadJob(
        job_id=str(job.id),
        queue=queue,
        task=task if known else "not one of ours",
        arguments=", ".join(str(one) for one in given)[:60] if known else "",
        failed_at=ended.replace(tzinfo=UTC) if ended and ended.tzinfo is None else ended,
        reason=lines[-1][:160] if lines else "not known",
    )
