"""A day's hour of many dynos, ten times as fast; by hand: `python -m tests.hosts.many_dynos`.

A window of planning is a minute here instead of ten, and a member is polled every six minutes
instead of every hour: web, workers and schedulers as the Procfile starts them, through PgBouncer.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from peewee import fn

from audiospective import clock, models
from audiospective.models import Connection, User, database
from audiospective.models.base import LONG_AGO
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.policy import schedule
from tests.hosts.deployment import procfile
from tests.hosts.platform import Platform
from tests.jobs.stack import ROOT, Stack, running
from tests.support import pgbouncer
from tests.support.processes import free_port, until

DYNOS = {"web": 2, "worker": 4, "scheduler": 2}
MINUTE = timedelta(minutes=1)
FAR = timedelta(days=1)


@dataclass
class Rehearsal:
    """Dynos at work, and members whose polls are watched."""

    stack: Stack
    platform: Platform
    interval: int  # minutes between two polls of a member
    people: list[str] = field(default_factory=list)

    def invite(self, members: int) -> None:
        """Members with five plays, whom nobody polls yet: connecting them takes minutes.

        Whoever were polled meanwhile, less than half an interval before `begin` has them polled,
        would have two polls of one due instant.
        """
        self.people = self.stack.people(members, next_poll_at=clock.now() + FAR)

    def begin(self, at: datetime) -> None:
        """The first poll of each member falls within the first interval after `at`."""
        every = self.interval * MINUTE
        User.update(minute_offset=fn.MOD(User.id, 60)).execute()
        for offset in range(60):
            due = schedule.next_poll(at - every / 2 - MINUTE / 60, every, offset)
            whose = User.select(User.id).where(User.minute_offset == offset)
            Connection.update(next_poll_at=due).where(Connection.user.in_(whose)).execute()

    def deploy(self) -> int:
        """Every dyno is told to go and replaced in turn; how many processes had to be killed."""
        killed = 0
        for dyno in list(self.platform.dynos):
            killed += dyno.told_to_go()
            self.platform.replace(dyno, ROOT)
        return killed

    def polls(self) -> list[tuple[int, datetime]]:
        """Who was polled when, in order."""
        return [
            (row.user_id, row.at) for row in PollLog.select().order_by(PollLog.at, PollLog.user)
        ]

    def faults(self, start: datetime, end: datetime) -> list[str]:
        """What must not be: everybody is polled once in each interval from `start` to `end`."""
        wrong, every = [], self.interval * MINUTE
        polls = self.polls()
        at = start
        while at < end:
            # A poll may come as late as its window's end, so intervals are told apart by the due
            # instants: each poll belongs to the nearest.
            offsets = dict(User.select(User.id, User.minute_offset).tuples())
            times = Counter(
                user_id
                for user_id, when in polls
                if at <= _slot(when, every, offsets[user_id]) < at + every
            )
            missed = len(offsets) - len(times)
            twice = sum(count > 1 for count in times.values())
            if missed or twice:
                wrong.append(f"{at:%H:%M}: {missed} not polled, {twice} more than once")
            at += every
        calls = sum(self.stack.calls(self.people).values())
        if calls != len(polls):
            wrong.append(f"{calls} calls for {len(polls)} polls")
        held = Connection.select().where(Connection.lease_until > LONG_AGO).count()
        failed = Connection.select().where(Connection.consecutive_failures > 0).count()
        plays = sum(len(self.stack.control.plays(name)) for name in self.people)
        for what, count in (
            ("leases held", held), ("in trouble", failed), ("gaps", Gap.select().count()),
            ("plays missing or too many", abs(plays - self.stack.plays())),
        ):  # fmt: skip
            if count:
                wrong.append(f"{count} {what}")
        return wrong

    def spread(self, start: datetime, end: datetime) -> tuple[int, float]:
        """Polls in the busiest second, and in the mean second."""
        seconds = Counter(int(at.timestamp()) for _, at in self.polls() if start <= at < end)
        return max(seconds.values()), sum(seconds.values()) / (end - start).total_seconds()


def _slot(when: datetime, every: timedelta, offset: int) -> datetime:
    """The due instant that a poll belongs to: the nearest one."""
    return schedule.next_poll(when - every, every, offset)


@contextmanager
def rehearsal(
    database_url: str, redis_url: str, home: Path, *, interval: int, batch: int = 50, **dynos: int
) -> Iterator[Rehearsal]:
    """Dynos of these kinds and numbers, up and waiting."""
    with ExitStack() as held:
        pooled = held.enter_context(pgbouncer.running(database_url))
        stack = held.enter_context(running(
            pooled, redis_url, home / "one-off", POLL_MIN_MINUTES="1", LOG_LEVEL="ERROR",
            POLL_MAX_MINUTES=str(interval), WEB_CONCURRENCY="1", SPOTIFY_APP_MODE="extended",
            BATCH_SIZE=str(batch),
        ))  # fmt: skip
        platform = held.enter_context(Platform(stack, home / "platform"))
        assert dynos.keys() < procfile(ROOT).keys()
        for kind, count in dynos.items():
            for _ in range(count):
                platform.boot(ROOT, kind, free_port() if kind == "web" else 0)
        until(platform.is_up, "all dynos are up", 120)
        until(lambda: stack.services.queues.workers() >= dynos["worker"], "workers serve", 120)
        yield Rehearsal(stack, platform, interval)


def main() -> int:
    """Rehearse with as many members as asked; 1 if anything was wrong."""
    from tests.support import postgres, redis

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--members", type=int, default=5000)
    asked.add_argument("--hours", type=int, default=1, help="of a virtual day; six minutes each")
    given = asked.parse_args()
    pause = threading.Event()
    with (
        postgres.running() as server,
        redis.running() as redis_url,
        tempfile.TemporaryDirectory() as home,
    ):
        url = server.url(server.create())
        models.bind(url)
        models.migrate()
        database.close()
        with rehearsal(url, redis_url, Path(home), interval=6, **DYNOS) as run:
            every = run.interval * MINUTE
            run.invite(given.members)
            start = schedule.slot_of(clock.now(), MINUTE) + 2 * MINUTE
            run.begin(start)
            end = start + given.hours * every
            print(f"{given.members} members from {start:%H:%M} to {end:%H:%M}", flush=True)
            pause.wait(max(0.0, (start + every / 2 - clock.now()).total_seconds()))
            print(f"deploy at {clock.now():%H:%M:%S}", flush=True)
            print(f"killed after their grace: {run.deploy()} processes", flush=True)
            pause.wait(max(0.0, (end + 2 * MINUTE - clock.now()).total_seconds()))
            for dyno in run.platform.dynos:
                dyno.told_to_go()
            run.platform.dynos.clear()
            busiest, mean = run.spread(start, end)
            wrong = run.faults(start, end)
            print(f"{len(run.polls())} polls, busiest second {busiest}, mean {mean:.1f}")
            print("\n".join(wrong) or "each slot once, nothing lost")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
