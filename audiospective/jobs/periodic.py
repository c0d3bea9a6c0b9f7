"""The timetable: what runs by itself, as data, and how Redis is brought in line with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crontab import CronTab
from rq.exceptions import NoSuchJobError
from rq_scheduler import Scheduler

from audiospective import clock
from audiospective.clients.queues import BULK, TASKS, UPKEEP, TaskJob
from audiospective.policy import schedule
from audiospective.settings import Settings

LEEWAY = 60  # seconds; a clock that is corrected by less changes nothing worth a line in the log
PREFIX = "periodic-"  # ids of ours; whatever else is scheduled is left alone


@dataclass(frozen=True)
class Entry:
    """`task` runs whenever `cron` (UTC) says; `name` never changes once it is released."""

    name: str
    cron: str
    task: str
    queue: str = UPKEEP
    timeout: int = 60

    @property
    def job_id(self) -> str:
        return PREFIX + self.name


def timetable(settings: Settings) -> tuple[Entry, ...]:
    """All that runs by itself on this instance."""
    every = schedule.window(settings.poll_min_minutes) // timedelta(minutes=1)
    return (
        Entry("plan", f"*/{every} * * * *", "plan_polls", timeout=300),
        Entry(
            "maintenance", "5-59/20 * * * *", "maintain", timeout=120
        ),  # between two plans, 72 times a day
        Entry("seal", "17 * * * *", "seal_due", timeout=300),
        Entry("ledger", "43 3 * * *", "keep_ledger"),
        Entry("catalog", "23 4 * * 3", "free_catalog", queue=BULK, timeout=4 * 3600),
        Entry("closed-years", "53 2 * * *", "move_closed_years", queue=BULK, timeout=4 * 3600),
        Entry("verify", "23 4 * * 0", "verify_archives", queue=BULK, timeout=4 * 3600),
    )


def reconcile(scheduler: Scheduler, entries: Sequence[Entry]) -> list[str]:
    """Make the schedule equal to `entries`; returns what was done, one line a change.

    Fixed ids make this safe to repeat and to run twice at once: an entry is never doubled.
    """
    wanted = {entry.job_id: entry for entry in entries}
    done = []
    for job_id in _scheduled(scheduler):
        if job_id not in wanted:
            scheduler.cancel(job_id)
            done.append(f"removed {job_id}")
    for job_id, entry in wanted.items():
        state = _state(scheduler, job_id, entry)
        if state != "unchanged":
            _register(scheduler, entry)
            done.append(f"{state} {job_id}")
    return done


def _scheduled(scheduler: Scheduler) -> list[str]:
    ids = scheduler.connection.zrange(scheduler.scheduled_jobs_key, 0, -1)
    return [name for name in (one.decode() for one in ids) if name.startswith(PREFIX)]


def _state(scheduler: Scheduler, job_id: str, entry: Entry) -> str:
    if job_id not in scheduler:
        return "added"
    try:
        job = TaskJob.fetch(job_id, connection=scheduler.connection)
    except NoSuchJobError:
        return "added"
    same = (
        job.func_name == TASKS + entry.task
        and job.meta.get("cron_string") == entry.cron
        and job.origin == entry.queue
        and job.timeout == entry.timeout
    )
    if not same:
        return "changed"
    return "brought back" if _lies_too_far_ahead(scheduler, entry) else "unchanged"


def _lies_too_far_ahead(scheduler: Scheduler, entry: Entry) -> bool:
    """Whether it is due later than its cron line says: then the clock has been set back since."""
    due = scheduler.connection.zscore(scheduler.scheduled_jobs_key, entry.job_id)
    following = CronTab(entry.cron).next(clock.now(), default_utc=True)
    return due is not None and due > clock.now().timestamp() + (following or 0) + LEEWAY


def _register(scheduler: Scheduler, entry: Entry) -> None:
    scheduler.cron(
        entry.cron,
        TASKS + entry.task,
        id=entry.job_id,
        queue_name=entry.queue,
        timeout=entry.timeout,
        result_ttl=-1,  # the job is its own definition; were it to expire, the entry would be gone
        use_local_timezone=False,
    )
