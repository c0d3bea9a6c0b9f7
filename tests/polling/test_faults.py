"""Faults between the parts: clocks that differ, replies that vanish, rows that are absurd."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from peewee import OperationalError

from audiospective import clock
from audiospective.clients.queues import QUEUES, TaskJob
from audiospective.incidents import mass_failure
from audiospective.models import Connection, Play, base, claims, transaction
from audiospective.models.poll_log import PollLog
from audiospective.models.refusals import Refusal
from audiospective.policy import schedule
from audiospective.policy.failures import Failure
from audiospective.polling import batch, plan, record, write
from audiospective.polling.fetch import Attempt
from tests.factories import connected, crowd, listening


def run(services, people, now):
    slot = plan.current_slot(services, now)
    return batch.archive(services, [one.user_id for one in people], slot.start, slot.end)


def test_workers_whose_clocks_are_ten_minutes_apart_poll_once_and_nobody_waits(services, spotify):
    # Time is real here: claims go by the database's clock, whatever a dyno believes.
    people = crowd(services, 4)
    early, late = clock.now() - timedelta(minutes=10), clock.now() + timedelta(minutes=10)
    assert run(services, people, late).outcomes == {"archived": 4}
    assert run(services, people, early).outcomes == {}
    assert spotify.calls["recently_played"] == 4


def test_a_slow_clock_still_polls_who_is_overdue(services, spotify):
    hour_ago = clock.now() - timedelta(hours=1)
    people = crowd(services, 4, next_poll_at=hour_ago)
    assert run(services, people, clock.now() - timedelta(minutes=10)).outcomes == {"archived": 4}


def test_a_commit_whose_acknowledgement_is_lost_changes_nothing_when_repeated(
    services, spotify, frozen, monkeypatch
):
    alice = connected(services)
    spotify.pages[f"access-{alice.user_id}"] = listening(frozen.now, 5)
    real = write.transaction

    class Cut:
        """Commits, and then says that the connection broke."""

        def __enter__(self):
            self.inner = real()
            return self.inner.__enter__()

        def __exit__(self, *trouble):
            self.inner.__exit__(*trouble)
            if trouble[0] is None:
                raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(write, "transaction", Cut)
        run(services, [alice], frozen.now)
    assert Play.select().count() == 5
    services.redis.flushall()
    frozen.forward(hours=5)
    assert run(services, [alice], frozen.now).outcomes == {"archived": 1}
    assert Play.select().count() == 5


@pytest.mark.parametrize(
    "absurd",
    [
        {"plays_per_hour": 1e30},
        {"plays_per_hour": -4.0},
        {"consecutive_failures": 2_000_000_000},
        {"unfinished_claims": -3},
        {"newest_play_at": clock.from_ms(253_402_300_000_000)},  # the year 9999
        {"next_poll_at": clock.from_ms(-62_135_596_000_000)},  # the year 1
        {"last_success_at": clock.from_ms(-62_135_596_000_000)},
    ],
    ids=str,
)
def test_one_absurd_row_stops_nobody(services, spotify, frozen, absurd):
    odd = connected(services, "odd", **absurd)
    bob = connected(services, "bob")
    planned = [user_id for one in plan.plan(services) for user_id in one.user_ids]
    assert set(planned) == {odd.user_id, bob.user_id}
    report = run(services, [odd, bob], frozen.now)
    assert report.outcomes["archived"] >= 1
    assert Connection.get_by_id(bob.user_id).last_success_at == frozen.now
    assert Connection.get_by_id(odd.user_id).next_poll_at > frozen.now


@pytest.mark.parametrize("offset", [-1, 60, 700])
def test_an_absurd_minute_still_leads_to_a_next_poll(offset):
    now = clock.EPOCH + timedelta(days=20_000, hours=3)
    found = schedule.next_poll(now, timedelta(hours=1), offset)
    assert now < found <= now + timedelta(hours=1.5)


def test_a_job_that_vanished_after_it_was_popped_is_found_again_within_one_window(
    services, spotify, frozen
):
    alice = connected(services)
    plan.plan(services)
    for name in QUEUES:
        services.queues.queue(name).empty()  # popped by a worker that then lost it
    frozen.forward(minutes=10)
    (again,) = plan.plan(services)
    assert again.user_ids == (alice.user_id,)


def test_after_an_hour_without_redis_everybody_overdue_is_planned_at_once(services, frozen):
    people = crowd(services, 3)
    frozen.forward(hours=1)
    (found,) = plan.plan(services)
    assert set(found.user_ids) == {one.user_id for one in people}


def test_a_thousand_people_polled_hourly_cost_at_most_a_thousand_jobs_a_day(
    services, spotify, frozen, monkeypatch
):
    """A simulated day: the planner runs every ten minutes and its batches are carried out."""
    frozen.to(frozen.now.replace(hour=0, minute=0, second=0, microsecond=0))
    people = crowd_of_a_thousand(services, frozen.now)
    jobs = Counter()
    for _ in range(24 * 6):
        jobs["plan"] += 1
        batches = plan.plan(services)
        jobs["batch"] += len(batches)
        for one in batches:
            # What a batch does to the timetable, without its thousand pages: the rows move on.
            by_minute = defaultdict(list)
            for user_id in one.user_ids:
                by_minute[people[user_id]].append(user_id)
            for minute, ids in by_minute.items():
                due = schedule.next_poll(frozen.now, timedelta(hours=1), minute)
                Connection.update(next_poll_at=due).where(Connection.user.in_(ids)).execute()
            jobs["poll"] += len(one.user_ids)
        frozen.forward(minutes=10)
    from audiospective.jobs.periodic import timetable

    others = sum(runs_a_day(entry.cron) for entry in timetable(services.settings)[1:])
    assert jobs["poll"] >= 23_000  # everybody, about every hour
    assert jobs["plan"] + jobs["batch"] + others <= 1000


def crowd_of_a_thousand(services, now):
    from audiospective.models import User

    first = connected(services)
    template = Connection.get_by_id(first.user_id).__data__
    with base.transaction():
        users = [
            {
                "spotify_account_id": f"a{n}",
                "minute_offset": n * 7 % 60,
                "session_key": f"k{n}",
                "created_at": now,
            }
            for n in range(999)
        ]
        User.insert_many(users).execute()
        ids = {row.id: row.minute_offset for row in User.select()}
        rows = [
            {**template, "user": user_id, "next_poll_at": now + timedelta(minutes=offset)}
            for user_id, offset in ids.items()
            if user_id != first.user_id
        ]
        for start in range(0, len(rows), 500):
            Connection.insert_many(rows[start : start + 500]).execute()
    return ids


def runs_a_day(cron):
    from crontab import CronTab

    entry, count = CronTab(cron), 0
    at = clock.EPOCH.replace(tzinfo=None)
    end = at + timedelta(days=1)
    while (at := entry.next(at, return_datetime=True, default_utc=True)) <= end:
        count += 1
    return count


def test_waiting_jobs_are_json(services, frozen):
    connected(services)
    plan.plan(services)
    for name in QUEUES:
        for job in services.queues.queue(name).jobs:
            assert isinstance(job, TaskJob)
            assert job.serializer.__name__ == "JSONSerializer"


def test_late_answers_of_lost_claims_are_not_counted_among_the_refused(services, frozen):
    """Eight stale refusals once tripped the guard, though nothing was written."""
    people = crowd(services, 8)
    mine = claims.claim([one.user_id for one in people], frozen.now)
    frozen.forward(minutes=2)
    claims.claim([one.user_id for one in people], frozen.now)  # another worker is at it
    for claim in mine:
        late = Attempt(claim, batch.NO_CREDENTIALS, failure=Failure.AUTH)
        with transaction():
            assert not record.failure(services, late)
    assert Refusal.select().count() == PollLog.select().count() == 0
    assert not mass_failure.any_in_force(people[0].app_id)


def test_a_failure_that_only_another_release_knows_ends_no_poll_and_is_logged(
    services, spotify, frozen, caplog
):
    alice = connected(
        services,
        last_success_at=frozen.now - timedelta(hours=5),
        newest_play_at=frozen.now - timedelta(hours=9),
        consecutive_failures=1,
        last_failure_type="of tomorrow",
    )
    spotify.pages[f"access-{alice.user_id}"] = listening(frozen.now, 50)
    assert run(services, [alice], frozen.now).outcomes == {"archived": 1}
    assert "unknown_failure" in caplog.text
    assert "gap_not_judged" not in caplog.text
