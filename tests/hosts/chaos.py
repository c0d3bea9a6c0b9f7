"""Real processes under real trouble, with an oracle; by hand: `python -m tests.hosts.chaos --help`.

Workers and a scheduler poll listeners of a sandbox while they are killed, frozen, cut off and
starved of disk. Time is hurried along: leases run out and circuits close when the test says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from subprocess import Popen
from urllib.parse import urlsplit

import psycopg
from peewee import ModelSelect
from redis.exceptions import RedisError

from audiospective import clock, models
from audiospective.models import Connection, Play, database
from audiospective.models.base import LONG_AGO
from audiospective.models.claims import LEASE
from audiospective.models.gaps import Gap
from audiospective.polling import plan
from tests.factories import make_user
from tests.jobs.stack import Stack, kill, running
from tests.support import full_database, pgbouncer, slow_proxy
from tests.support.processes import alive, descendants, until

LISTENERS = 12
PATIENCE = 2.0  # seconds for a step; what is not polled by then waits for the next
STANDSTILL = 6  # times 15 seconds in which nobody is polled who should be
SLOW = timedelta(seconds=30)  # a batch ends sooner, whatever else the machine does
NO_TIME = timedelta(0)
TINY = 4096  # bytes a file may have where the disk is full
LATE = 60_000  # ms between the end of a play and its being known
DIFFERENT = 300  # tracks before one comes again: more than anybody hears within a second
SEALED = 150  # plays a listener at most, so that all of them are rows


def in_a_row(count: int, since: int) -> tuple[int, int]:
    """How many of `count` plays fit into the last `since` ms, and how many ms apart they end.

    Whole milliseconds, rounded down: rounded up, the first one may end before a play that a worker
    has already stored. If more than a page follows, it leaves the window below that known play,
    where nothing is probably missing. Of two plays that end at once the archive keeps one, since
    their track is the same.
    """
    fitting = min(count, since)
    return fitting, min(200, since // max(fitting, 1))


@dataclass
class Found:
    """What a run did and saw; `wrong` is what must never be."""

    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    offered: int = 0
    lost: int = 0
    untold: int = 0  # late plays that were pushed out before a worker lived to store them
    gaps: int = 0
    gap_hours: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.steps} steps ({faults}); {self.offered} plays offered, {self.lost} lost to the"
            f" window ({self.untold} more that no page told of), {self.gaps} gaps of"
            f" {self.gap_hours:.2f} h; wrong: {self.wrong or 'nothing'}"
        )


@dataclass
class Chaos:
    """One installation and what befalls it; the same seed chooses the same things."""

    stack: Stack
    rng: Random
    proxies: list[slow_proxy.SlowProxy]
    names: list[str] = field(default_factory=list)
    workers: list[Popen[bytes]] = field(default_factory=list)
    frozen: list[int] = field(default_factory=list)
    played: Counter[str] = field(default_factory=Counter)
    # What each hears next: of one track that ends twice within a second the archive keeps one play.
    tracks: dict[str, Iterator[str]] = field(default_factory=dict)
    found: Found = field(default_factory=Found)
    heard: datetime = clock.EPOCH  # when people last listened

    def begin(self) -> None:
        make_user(full_database.PADDING)
        self.names = self.stack.people(LISTENERS, plays=8)
        tracks = self.stack.control.tracks(DIFFERENT)
        self.tracks = {name: cycle(tracks) for name in self.names}
        self.heard = clock.now()
        self.workers = [self.stack.start("worker.py") for _ in range(2)]
        self.stack.start("scheduler.py")
        self.round()

    def step(self, fault: str) -> None:
        """People listen, something breaks in the middle of their polls, and is mended again."""
        self.found.steps += 1
        self.found.faults[fault] += 1
        self.listen()
        self.hurry()
        repair = getattr(self, f"_{fault}")()
        with suppress(AssertionError):
            until(self.everybody, "a round", PATIENCE)
        if repair:
            repair()
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.workers[place] = self.stack.start("worker.py")

    def listen(self) -> None:
        """Some hear a little, some are told late of old plays, some hear more than a page shows."""
        for name in self.names:
            chosen = self.rng.random()
            count = self.rng.randrange(55, 70) if chosen < 0.04 else self.rng.randrange(1, 5)
            hours = self.rng.uniform(0.5, 9)
            if chosen > 0.7 or self.played[name] > SEALED:
                continue
            self.played[name] += count
            if chosen > 0.6:
                self.stack.control.late(name, count, hours=hours)
                continue
            now = clock.to_ms(clock.now())
            fitting, apart = in_a_row(count, now - clock.to_ms(self.heard))
            ends = [now - apart * place for place in reversed(range(fitting))]
            tracks = islice(self.tracks[name], fitting)
            heard = [{"played_at": at, "track": one} for at, one in zip(ends, tracks, strict=True)]
            self.stack.control.add_plays(name, heard)
        self.heard = clock.now()

    def hurry(self) -> None:
        """An interval goes by: everybody is due, no lease and no circuit is left from before."""
        self.began = clock.now()
        self._make_due(Connection.select())

    def _make_due(self, people: ModelSelect, held_for: timedelta = NO_TIME) -> None:
        """These are due now; a lease goes that a worker has had for so long."""
        # Member after member, as workers write: of two who lock rows in another order PostgreSQL
        # may end either.
        for row in list(people.order_by(Connection.user)):
            mine = Connection.user == row.user_id
            now = clock.now()
            past, oldest = now - timedelta(seconds=1), now + LEASE - held_for
            Connection.update(lease_until=past).where(
                mine & (Connection.lease_until > past) & (Connection.lease_until <= oldest)
            ).execute()
            Connection.update(next_poll_at=now, circuit_open_until=LONG_AGO).where(mine).execute()
        with suppress(RedisError):
            keys = self.stack.services.redis.keys("archive:*") or ["none"]
            self.stack.services.redis.delete(*keys)
            plan.enqueue_due(self.stack.services)

    def everybody(self) -> bool:
        """Whether all were polled since the interval began."""
        return not self._left().exists()

    def _left(self) -> ModelSelect:
        late = Connection.last_success_at.is_null() | (Connection.last_success_at < self.began)
        return Connection.select().where(late)

    def _are_fewer(self, before: int) -> bool:
        return self._left().count() < before

    def round(self) -> None:
        """An interval without trouble, until everybody is polled.

        Judged by progress: a busy machine takes its time, and whoever is not polled although
        others no longer are, and no worker holds them, has been forgotten.
        """
        self.hurry()
        idle, before = 0, self._left().count()
        while idle < STANDSTILL:
            with suppress(AssertionError):
                until(partial(self._are_fewer, before), "a quiet round", 15)
            left = self._left().count()
            if not left:
                return
            idle = 0 if left < before else idle + 1
            before = left
            if idle:
                self._make_due(self._left(), SLOW)
        told = [
            (row.user_id, row.consecutive_failures, row.last_failure_type) for row in self._left()
        ]
        self.found.wrong.append(f"not polled after the trouble ended: {told}")

    def judge(self) -> Found:
        """Trouble is over: everybody is polled, and the archive is held against the sandbox."""
        self.stack.control.clear()
        self.round()
        gaps = list(Gap.select())
        self.found.gaps = len(gaps)
        self.found.gap_hours = sum(
            (gap.ended_at - gap.probably_from).total_seconds() / 3600 for gap in gaps
        )
        for name in self.names:
            user_id = self.stack.user_id(name)
            rows = Play.select(Play.played_at).where(Play.user == user_id).tuples()
            archived = Counter(at for (at,) in rows)
            plays = self.stack.control.plays(name)
            offered = Counter(p["played_ms"] for p in plays if p["state"] == "offered")
            self.found.offered += offered.total()
            if extra := archived - offered:
                self.found.wrong.append(f"{name}: {extra.total()} plays too many")
            own = [gap for gap in gaps if gap.user_id == user_id]
            # What a worker held that was killed may have left the window before the next poll.
            missing, lost = offered - archived, []
            for play in plays:
                if play["state"] == "lost" or missing[play["played_ms"]] > 0:
                    missing[play["played_ms"]] -= 1
                    late = play["recorded_ms"] - play["played_ms"] > LATE
                    if late and play["left_ms"] is not None:
                        self.found.untold += 1  # older than what is archived, and out of reach
                    else:
                        lost.append(play["played_ms"])
            for played_ms in lost:
                self.found.lost += 1
                at = clock.from_ms(played_ms)
                # A run is shorter than the time in which plays settle, to which a gap may reach
                # back: only where a gap is probable does it say anything of plays told in order.
                if not any(gap.probably_from <= at <= gap.ended_at for gap in own):
                    self.found.wrong.append(f"{name}: the loss of {at} lies in no gap")
        held = Connection.select().where(Connection.lease_until > LONG_AGO).count()
        if held:
            self.found.wrong.append(f"{held} leases are held")
        return self.found

    def _processes(self) -> list[int]:
        return [
            pid
            for worker in self.workers
            for pid in (worker.pid, *descendants(worker.pid))
            if alive(pid)
        ]

    def _quiet(self) -> None:
        """Nothing happens."""

    def _kill_worker(self) -> None:
        kill(self.rng.choice(self.workers))

    def _kill_job(self) -> None:
        """The process of a job, at whatever it is."""
        worker = self.rng.choice(self.workers)
        with suppress(AssertionError):
            horse = until(lambda: self.stack.horse(worker), "a job", 1)
            with suppress(ProcessLookupError):
                os.kill(horse, signal.SIGKILL)

    def _freeze(self) -> Callable[[], None]:
        """A worker and its job stop; they wake when their leases are long over."""
        worker = self.rng.choice(self.workers)
        pids = [worker.pid, *descendants(worker.pid)]
        _signal(pids, signal.SIGSTOP)

        def wake() -> None:
            self.hurry()
            with suppress(AssertionError):
                until(self.everybody, "the others do it", PATIENCE)
            _signal(pids, signal.SIGCONT)

        return wake

    def _flush(self) -> None:
        self.stack.services.redis.flushall()

    def _replica(self) -> Callable[[], None]:
        """Redis takes no writes for a while."""
        self.stack.services.redis.replicaof("127.0.0.1", "1")
        return lambda: self.stack.services.redis.replicaof("NO", "ONE")

    def _database_cut(self) -> Callable[[], None] | None:
        """PostgreSQL ends every session; SQLite's lock is held by somebody else."""
        url = self.stack.services.settings.database_url
        if url.startswith("sqlite"):
            database.execute_sql("BEGIN IMMEDIATE")
            return lambda: database.execute_sql("ROLLBACK") and None
        (mine,) = database.execute_sql("SELECT pg_backend_pid()").fetchone()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN"
                " (pg_backend_pid(), %s)",
                (mine,),
            )
        return None

    def _disk_full(self) -> Callable[[], None]:
        """Neither workers nor their jobs can make a file longer than a page."""
        pids = self._processes()
        _file_size(pids, TINY)
        return lambda: _file_size([*pids, *self._processes()], resource.RLIM_INFINITY)

    def _database_full(self) -> Callable[[], None]:
        """PostgreSQL has no room for plays; SQLite is in the workers' own files."""
        url = self.stack.services.settings.database_url
        if url.startswith("sqlite"):
            return self._disk_full()
        held = ExitStack()
        held.enter_context(full_database.full(url))
        return held.close

    def _slow(self) -> Callable[[], None]:
        """What lies between the workers and their servers takes its time."""
        for proxy in self.proxies:
            proxy.delay = 0.05

        def fast() -> None:
            for proxy in self.proxies:
                proxy.delay = 0.0

        return fast

    def _cut(self) -> None:
        for proxy in self.proxies:
            proxy.drop()

    def _spotify(self) -> Callable[[], None]:
        """Spotify answers some with errors, some with half a page, some not at all."""
        for name, more in (
            ("status", {"status": 503}),
            ("truncated", {}),
            ("stall", {"seconds": 1}),
        ):
            people = self.rng.sample(self.names, 2)
            with suppress(ValueError, KeyError):
                self.stack.control.fault(name, listener=people, times=3, **more)
        return self.stack.control.clear


FAULTS = (
    "kill_worker", "kill_job", "freeze", "flush", "replica", "database_cut", "disk_full", "slow",
    "cut", "spotify", "database_full",
)  # fmt: skip


@contextmanager
def installed(database_url: str, redis_url: str, home: Path, seed: int) -> Iterator[Chaos]:
    """Workers that reach their servers through PgBouncer and through proxies."""
    with ExitStack() as held:
        stack = held.enter_context(running(database_url, redis_url, home))
        proxies = [held.enter_context(slow_proxy.running(urlsplit(redis_url).port or 0))]
        stack.environment["REDIS_URL"] = _through(redis_url, proxies[0].port)
        if not database_url.startswith("sqlite"):
            pooled = held.enter_context(pgbouncer.running(database_url))
            proxies.append(held.enter_context(slow_proxy.running(urlsplit(pooled).port or 0)))
            stack.environment["DATABASE_URL"] = _through(pooled, proxies[1].port)
        chaos = Chaos(stack, Random(seed), proxies)
        chaos.begin()
        yield chaos


def _through(url: str, port: int) -> str:
    return url.replace(f":{urlsplit(url).port}", f":{port}", 1)


def _signal(pids: list[int], sign: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sign)


def _file_size(pids: list[int], most: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def main() -> int:
    """Run as long as asked, on both databases in turn; 1 if anything was wrong."""
    from tests.support import postgres, redis

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--rounds", type=int, default=1, help="installations on each database")
    asked.add_argument("--steps", type=int, default=40, help="in each of them")
    given = asked.parse_args()
    wrong = 0
    with (
        postgres.running(full_database.SMALL_SEGMENTS) as server,
        redis.running() as redis_url,
    ):
        for seed in range(given.seed, given.seed + given.rounds):
            for kind in ("sqlite", "postgres"):
                with tempfile.TemporaryDirectory() as home:
                    url = (
                        server.url(server.create())
                        if kind == "postgres"
                        else (f"sqlite:///{home}/archive.db")
                    )
                    models.bind(url)
                    models.migrate()
                    database.close()
                    with installed(url, redis_url, Path(home) / "home", seed) as chaos:
                        for _ in range(given.steps):
                            chaos.step(chaos.rng.choice(FAULTS))
                        found = chaos.judge()
                    wrong += len(found.wrong)
                    print(f"seed {seed} {kind}: {found}", flush=True)
                    chaos.stack.services.redis.flushall()
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
