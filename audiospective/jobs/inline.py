"""The timetable without a queue: for platforms that have a cron and no worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crontab import CronTab

from audiospective import log
from audiospective.clients.queues import INTERRUPTS, Later, Queues
from audiospective.jobs import context, tasks
from audiospective.jobs.periodic import Entry
from audiospective.models.marks import Mark
from audiospective.services import Services

MARK = "ran."  # with the entry's name: when it last ran by a tick


def due(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """What the timetable should have run by `now` and no tick has run yet, claimed for the caller.

    An entry that never ran is due; so is one that seems to have run in the future, which means
    that the clock was set back.
    """
    found = []
    for entry in entries:
        before = Mark.at_of(MARK + entry.name)
        if before is not None and _last_time(entry, now) <= before <= now:
            continue
        if Mark.advance(MARK + entry.name, before, now):
            found.append(entry)
    return found


def run(services: Services, entries: Sequence[Entry]) -> list[str]:
    """Run the entries' tasks here, and whatever they enqueue; the names of those that failed.

    Each runs whether or not the one before succeeded; one that failed is due again with the next
    tick. Redis is not needed.
    """
    waiting = _Waiting()
    failed = []
    with context.use(replace(services, queues=waiting)):
        for entry in entries:
            if not _tried(entry.task):
                failed.append(entry.name)
                Mark.drop(MARK + entry.name)
        while waiting.jobs:
            task, args = waiting.jobs.popleft()
            if not _tried(task, *args):
                failed.append(task)
    return failed


class _Waiting(Queues):
    """Takes the place of the queues: what is enqueued waits here for its turn, each job once."""

    def __init__(self) -> None:
        self.jobs: deque[tuple[str, tuple[Any, ...]]] = deque()

    def enqueue(self, queue: str, task: str, *args: Any, **_options: Any) -> None:
        if (task, args) not in self.jobs:
            self.jobs.append((task, args))

    def enqueue_once(self, queue: str, task: str, *args: Any, **_options: Any) -> bool:
        self.enqueue(queue, task, *args)
        return True

    def enqueue_later(self, jobs: Sequence[Later]) -> None:
        for one in jobs:
            self.enqueue(one.queue, one.task, *one.args)

    def empty(self, queue: str) -> int:
        """Nothing waits here but what this round is to do."""
        return 0

    def take(self, task: str) -> None:
        """Each waits for its own turn."""

    def waiting_for(self, task: str, number: int) -> list[str]:
        return []

    def drop(self, job_ids: Iterable[str]) -> None:
        """What an account leaves in a Redis that is there all the same ends by itself in a day."""

    def forget(self, pattern: str) -> None:
        """Likewise."""

    def anything_before(self, queue: str) -> bool:
        """Nothing gives way here: all of it runs in this process, one after the other."""
        return False


def _last_time(entry: Entry, now: datetime) -> datetime:
    seconds = CronTab(entry.cron).previous(now, default_utc=True)
    return now + timedelta(seconds=seconds or 0)


def _tried(task: str, *args: Any) -> bool:
    try:
        getattr(tasks, task)(*args)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from running
        log.trouble("tick_failed", error, task=task)
        return False
    return True
