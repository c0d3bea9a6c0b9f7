"""`bench plan`: jobs a day, how evenly polls are spread, and what planning costs, for N members."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from audiospective import clock, log
from audiospective.bench import crowd, habits, servers, virtual_day
from audiospective.bench.habits import Poll
from audiospective.bench.measuring import Echo, Figures, peak_mb, reset_peak, seconds
from audiospective.clients.queues import FREE, PRO
from audiospective.jobs import scheduler as scheduling
from audiospective.models import Connection, claims, database
from audiospective.models.base import is_sqlite
from audiospective.operations import maintenance, seal
from audiospective.polling import clock_set_back, plan
from audiospective.services import Services
from audiospective.settings import Settings

DAY = datetime(2026, 11, 25, tzinfo=UTC)  # no day of a weekly entry but one
SAMPLE = 1_000  # members whose listening is really simulated
WHOLE_DAY = 5_000  # as many can be followed through a whole day
HOUR = timedelta(hours=1)


@log.silenced()
def run(echo: Echo, *, members: int, url: str, small: bool = False) -> Figures:
    """Fill an empty database with members and plan for them; what was measured, by name."""
    sample = habits.members(min(members, SAMPLE), DAY.date())
    walks = [list(habits.polls(one, DAY, DAY + timedelta(days=1))) for one in sample]
    figures: Figures = {"members": members}
    with _services(url) as services:
        shape = _by_hour(walks)
        busiest = max(range(24), key=lambda hour: len(shape[hour]))
        mean = sum(map(len, shape)) / 24
        echo(
            f"{members:,} members, polled {24 * mean / len(sample):.1f} times a day each;"
            f" the busiest hour has {len(shape[busiest]) / mean:.2f} times the polls of the mean"
        )
        figures["polls a member and day"] = 24 * mean / len(sample)
        start = DAY + busiest * HOUR
        with clock.use(lambda: start):
            crowd.fill(services, members, [_next_at(walk, start) for walk in walks])
        figures |= _an_hour(echo, services, start)
        figures |= _rounds(echo, services, start + HOUR)
        figures |= _after_a_day_away(echo, services, start + HOUR + timedelta(days=1))
        if members <= WHOLE_DAY:
            hours = 2 if small else 24
            figures |= virtual_day.run(echo, services, sample[:members], DAY, hours)
        else:
            figures |= virtual_day.reckoned(echo, services, members, shape, len(sample))
    return figures


def _by_hour(walks: Sequence[Sequence[Poll]]) -> list[list[Poll]]:
    found: list[list[Poll]] = [[] for _ in range(24)]
    for walk in walks:
        for poll in walk:
            found[poll.at.hour].append(poll)
    return found


def _next_at(walk: Sequence[Poll], start: datetime) -> tuple[datetime, float]:
    """When somebody is polled next after `start`, and how many minutes lie between two polls."""
    poll = next((one for one in walk if one.at >= start), walk[-1])
    return poll.at, poll.minutes


@contextmanager
def _services(url: str) -> Iterator[Services]:
    with servers.queue() as redis_url, tempfile.TemporaryDirectory() as home:
        services = Services.build(
            Settings(
                home=Path(home),
                database_url=url,
                redis_url=redis_url,
                secret_key="s" * 40,
                token_keys=(Fernet.generate_key().decode(),),
                spotify_client_id="bench",
                spotify_client_secret="bench",  # noqa: S106 - it is sent nowhere
                spotify_app_mode="extended",
                spotify_seats=None,
                storage_url=f"file://{home}/storage",
            )
        )
        services.database.connect(reuse_if_open=True)
        yield services


def _an_hour(echo: Echo, services: Services, start: datetime) -> Figures:
    """Plan the six windows of an hour; polls are taken to happen when they were planned."""
    planned: Counter[int] = Counter()  # polls by second
    taken, queries, people, batches, most = [], [], 0, 0, 0.0
    at, read = start, _rows_read()
    while at < start + HOUR:
        slot = plan.current_slot(services, at)
        with clock.use(lambda: at):  # noqa: B023 - it is used up in this very turn
            services.redis.flushdb()
            reset_peak()
            (took,) = seconds(lambda: plan.plan(services))
            most = max(most, peak_mb())
            taken.append(took)
            for when, count in waiting(services, at):
                planned[when] += count
                people += count
                batches += 1
            queries += seconds(lambda: _due_rows(slot.end))  # noqa: B023
        _polled(slot.end)
        at = slot.end
    read = _rows_read() - read
    mean = sum(planned.values()) / HOUR.total_seconds()
    ratio = max(planned.values()) / mean
    windows = len(taken)
    echo(f"  the hour that is busiest: {people:,} polls in {batches:,} batches")
    echo(f"  busiest second {max(planned.values())} polls, mean {mean:.1f}: {ratio:.2f} times")
    echo(
        f"  a plan takes {max(taken):.2f} s at most, {1e6 * sum(taken) / people:.1f} us a planned"
        f" member, {1e6 * sum(queries) / people:.1f} of them the database's; {most:.0f} MB"
    )
    told: Figures = {
        "busiest second": max(planned.values()),
        "mean second": mean,
        "busiest against mean": ratio,
        "longest plan, s": max(taken),
        "us a planned member": 1e6 * sum(taken) / people,
        "us a planned member, database": 1e6 * sum(queries) / people,
        "planner, MB": most,
        "batches a window": batches / windows,
    }
    if read:
        echo(f"  rows read a planned member {read / people:.1f}")
        told["rows read a planned member"] = read / people
    return told


def waiting(services: Services, now: datetime) -> Iterator[tuple[int, int]]:
    """Batches in the queue: the second in which the scheduler hands each over, and its size."""
    interval = scheduling.OFTEN
    schedule = services.queues.scheduler()
    jobs: Any = services.redis.zrange(schedule.scheduled_jobs_key, 0, -1, withscores=True)
    if len(jobs) <= scheduling.MANY:
        interval = scheduling.INTERVAL
    for job_id, when in jobs:
        job = schedule.job_class.fetch(job_id.decode(), connection=services.redis)
        yield -(-int(when) // interval) * interval, len(job.args[1])
    for lane in (PRO, FREE):
        for job in services.queues.queue(lane).jobs:
            yield int(now.timestamp()), len(job.args[1])


def _due_rows(before: datetime) -> None:
    query = plan.due_rows(before)
    database.execute(query).fetchall()


def _polled(before: datetime) -> None:
    """Everybody who was due has been polled; the rate column holds minutes between two polls."""
    Connection.update(
        next_poll_at=Connection.next_poll_at + Connection.plays_per_hour * 60_000
    ).where(Connection.next_poll_at < before).execute()


def _rounds(echo: Echo, services: Services, at: datetime) -> Figures:
    """What else looks through all members, and how long one look takes."""
    told: Figures = {}
    with clock.use(lambda: at):
        parts = {
            "looking for lost claims, every 5 s": claims.abandoned,
            "repairing times, with each plan": lambda: clock_set_back.bring_back(services),
            "maintenance, every 20 minutes": lambda: maintenance.maintain(services),
            "looking for plays to seal, every hour": seal.due,
        }
        for name, part in parts.items():
            (took,) = seconds(part)
            echo(f"  {name:<38} {took * 1000:9.1f} ms")
            told[f"{name}, ms"] = took * 1000
    return told


def _after_a_day_away(echo: Echo, services: Services, at: datetime) -> Figures:
    """Nobody was polled for a day: everybody is due at once."""
    services.redis.flushdb()
    before = int(services.redis.info("memory")["used_memory"])
    with clock.use(lambda: at):
        reset_peak()
        (took,) = seconds(lambda: plan.plan(services))
        most = peak_mb()
        queue = int(services.redis.info("memory")["used_memory"]) - before
        seconds_of: Counter[int] = Counter()
        for when, count in waiting(services, at):
            seconds_of[when] += count
    people = sum(seconds_of.values())
    span = (plan.current_slot(services, at).end - at).total_seconds()
    ratio = max(seconds_of.values()) / (people / span)
    echo(
        f"  after a day away: {people:,} due, planned in {took:.2f} s, {most:.0f} MB,"
        f" queue {queue / 1e6:.1f} MB, busiest second {ratio:.2f} times the mean"
    )
    services.redis.flushdb()
    return {
        "after a day, s": took,
        "after a day, MB": most,
        "after a day, queue MB": queue / 1e6,
        "after a day, busiest against mean": ratio,
    }


def _rows_read() -> int:
    """Rows that PostgreSQL has read of the tables that planning asks; 0 on SQLite."""
    if is_sqlite():
        return 0
    database.execute_sql("SELECT pg_stat_force_next_flush()")
    database.execute_sql("SELECT 1")
    (found,) = database.execute_sql(
        "SELECT SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        " WHERE relname IN ('connections', 'users', 'spotify_apps')"
    ).fetchone()
    return int(found)
