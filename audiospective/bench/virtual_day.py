"""A day of an instance under a virtual clock, to count the jobs of everything that runs by itself.

The timetable's own tasks, planner, rounds and sealing are the real ones; in place of Spotify's
answers the plays of members with habits arrive. All that members can turn on is on.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crontab import CronTab

from audiospective import clock
from audiospective.bench import crowd, opt_ins
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.habits import Member, Poll
from audiospective.bench.listening import Catalog
from audiospective.bench.measuring import Echo, Figures
from audiospective.clients.queues import Later, Queues
from audiospective.jobs import context, tasks
from audiospective.jobs.periodic import timetable
from audiospective.models import Connection, Play, transaction
from audiospective.operations import seal
from audiospective.policy.sealing import KEEP, TRIGGER
from audiospective.services import Services

MINUTE = timedelta(minutes=1)
MS = 60_000


def run(
    echo: Echo, services: Services, members: Sequence[Member], day: datetime, hours: int
) -> Figures:
    """Let `hours` pass from `day` on; jobs by task, and of a whole day."""
    queue = _Counted(services.redis)
    catalog_rows(Catalog.of(300))
    with clock.use(lambda: day):
        crowd.hot_tails(len(members), TRIGGER)
        for number, one in enumerate(members):
            one.seen = 0
            one.poll(day, 10, 60)
            Connection.update(
                next_poll_at=day + timedelta(minutes=one.offset), last_polled_at=day - MINUTE
            ).where(Connection.user == number + 1).execute()
        opt_ins.by_all(len(members), day)
    entries = timetable(services.settings)
    with context.use(replace(services, queues=queue)):
        for minute in range(hours * 60):
            at = day + minute * MINUTE
            with clock.use(lambda: at):  # noqa: B023 - it is used up in this very turn
                for entry in entries:
                    if CronTab(entry.cron).test(at):
                        queue.enqueue(entry.queue, entry.task)
                queue.work(members, at)
    return _told(echo, queue.count, hours)


def reckoned(
    echo: Echo, services: Services, count: int, shape: Sequence[Sequence[Poll]], sample: int
) -> Figures:
    """The same by calculation, from the polls of `sample` members hour by hour."""
    found: Counter[str] = Counter()
    size, scale = services.settings.batch_size, count / sample
    windows = Counter(
        poll.at.replace(minute=poll.at.minute // 10 * 10) for hour in shape for poll in hour
    )
    found["archive_batch"] = sum(-(-round(polls * scale) // size) for polls in windows.values())
    week = datetime(2026, 11, 23, tzinfo=clock.EPOCH.tzinfo)
    for entry in timetable(services.settings):
        tab = CronTab(entry.cron)
        runs = sum(tab.test(week + minute * MINUTE) for minute in range(7 * 24 * 60))
        found[entry.task] += round(runs / 7)
    plays = sum(poll.new for hour in shape for poll in hour) * scale
    found["seal_members"] = round(plays / (TRIGGER - KEEP) / seal.TOGETHER)
    found["join_listens"] = found["maintain"]
    found["make_export"] = found["deliver_export"] = round(count * 12 / 365)
    return _told(echo, found, 24)


def _told(echo: Echo, found: Counter[str], hours: int) -> Figures:
    total, asked = (
        sum(jobs for task, jobs in found.items() if task in kinds) * 24 / hours
        for kinds in (found.keys(), opt_ins.TASKS)
    )
    names = ", ".join(f"{task} {jobs:,}" for task, jobs in found.most_common())
    echo(f"  {total:,.0f} jobs a day, {asked:,.0f} of what members turn on;"
         f" in {hours} hours: {names}")  # fmt: skip
    return {
        "jobs a day": total,
        "jobs a day of what members turn on": asked,
        **{f"jobs of {task}": jobs for task, jobs in found.items()},
    }


class _Counted(Queues):
    """Takes the place of the queues; what is enqueued waits here and is counted."""

    def __init__(self, redis: Any) -> None:
        super().__init__(redis)
        self.count: Counter[str] = Counter()
        self.now: deque[tuple[str, tuple[Any, ...]]] = deque()
        self.later: list[tuple[datetime, int, str, tuple[Any, ...]]] = []

    def enqueue(self, queue: str, task: str, *args: Any, **_options: Any) -> None:
        self.count[task] += 1
        self.now.append((task, args))

    def enqueue_once(self, queue: str, task: str, *args: Any, **_options: Any) -> bool:
        if (task, args) not in self.now:
            self.enqueue(queue, task, *args)
        return True

    def enqueue_later(self, jobs: Sequence[Later]) -> None:
        for one in jobs:
            self.count[one.task] += 1
            heapq.heappush(self.later, (one.when, len(self.later), one.task, one.args))

    def empty(self, queue: str) -> int:
        return 0

    def work(self, members: Sequence[Member], at: datetime) -> None:
        """Do what is due."""
        while self.now or (self.later and self.later[0][0] <= at):
            task, args = self.now.popleft() if self.now else heapq.heappop(self.later)[2:]
            if task == "archive_batch":
                _polls(members, args[1], at)
            else:
                (opt_ins.TASKS.get(task) or getattr(tasks, task))(*args)


def _polls(members: Sequence[Member], user_ids: Sequence[int], at: datetime) -> None:
    """As a batch leaves its people: the next poll is planned, new plays are rows."""
    rows: list[dict[str, Any]] = []
    with transaction():
        for user_id in user_ids:
            member = members[user_id - 1]
            following, new = member.poll(at, 10, 60)
            Connection.update(next_poll_at=following, last_polled_at=at, last_success_at=at).where(
                Connection.user == user_id
            ).execute()
            first = clock.to_ms(at) - new * 3 * MS
            rows += [
                {"user": user_id, "played_at": first + place * 3 * MS, "track": 1}
                for place in range(new)
            ]
        for start in range(0, len(rows), 500):
            Play.insert_many(rows[start : start + 500]).on_conflict_ignore().execute()
