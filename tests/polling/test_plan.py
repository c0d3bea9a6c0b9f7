"""The planner finds who is due in the database and spreads them over the window."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.clients.queues import FREE, INTERACTIVE, PRO, QUEUES, TaskJob
from audiospective.jobs import scheduler as scheduling
from audiospective.models import Connection, SpotifyApp, User, claims
from audiospective.policy import failures
from audiospective.polling import lost_claims, plan, poll
from tests.factories import connected, crowd


def waiting(services):
    """Batches that a worker would get, now or later: (queue, people, seconds from now)."""
    found = []
    for name in QUEUES:
        found += [(name, job.args[1], 0) for job in services.queues.queue(name).jobs]
    scheduler = services.queues.scheduler()
    for job_id, at in services.redis.zrange(scheduler.scheduled_jobs_key, 0, -1, withscores=True):
        job = TaskJob.fetch(job_id.decode(), connection=services.redis)
        found.append((job.origin, job.args[1], at - int(clock.now().timestamp())))
    return found


def test_everybody_who_is_due_in_this_window_is_planned_once(services, frozen):
    people = crowd(services, 120)
    soon = connected(services, "soon", next_poll_at=frozen.now + timedelta(seconds=30))
    connected(services, "later", next_poll_at=frozen.now + timedelta(minutes=11))
    plan.plan(services)
    batches = waiting(services)
    assert sorted(len(ids) for _, ids, _ in batches) == [21, 50, 50]
    planned = [user_id for _, ids, _ in batches for user_id in ids]
    assert sorted(planned) == sorted([one.user_id for one in people] + [soon.user_id])


def test_batches_are_spread_over_what_is_left_of_the_window(services, frozen):
    frozen.to(frozen.now.replace(minute=12, second=0, microsecond=0))
    crowd(services, 200)
    plan.plan(services)
    assert sorted(round(after) for _, _, after in waiting(services)) == [0, 120, 240, 360]


def test_without_workers_the_queue_does_not_grow(services, frozen):
    crowd(services, 120)
    scheduler = scheduling.ArchiveScheduler(services)
    for _ in range(3):
        plan.plan(services)
        frozen.forward(minutes=10)
        services.redis.zunionstore(
            scheduler.scheduled_jobs_key, {scheduler.scheduled_jobs_key: 0}
        )  # all of it is due by the machine's clock
        scheduler.enqueue_jobs()
    found = services.queues.queue(FREE).jobs
    assert sorted(len(job.args[1]) for job in found) == [20, 50, 50]


def test_free_members_fill_the_last_batch_of_pro_where_that_spares_one(services, frozen):
    crowd(services, 3)
    pro = connected(services, "pro")
    User.update(tier="pro").where(User.id == pro.user_id).execute()
    (batch,) = plan.plan(services)
    assert (batch.lane, batch.user_ids[0], len(batch.user_ids)) == (PRO, pro.user_id, 4)


@pytest.mark.parametrize(
    ("pro", "free", "sizes"),
    [
        (0, 3, [(FREE, 3)]),
        (10, 0, [(PRO, 10)]),
        (7, 3, [(PRO, 10)]),
        (7, 4, [(PRO, 7), (FREE, 4)]),
        (7, 13, [(PRO, 10), (FREE, 10)]),
        (7, 20, [(PRO, 7), (FREE, 10), (FREE, 10)]),
        (10, 5, [(PRO, 10), (FREE, 5)]),
    ],
)
def test_batches_are_as_few_as_can_be(frozen, pro, free, sizes):
    people = [
        plan.Due(number, PRO if number < pro else FREE, 0, frozen.now, False)
        for number in range(pro + free)
    ]
    batches = plan.cut(people, 10)
    assert [(one.lane, len(one.user_ids)) for one in batches] == sizes
    assert sorted(one for batch in batches for one in batch.user_ids) == list(range(pro + free))


def test_pro_has_its_own_queue_and_goes_first(services, frozen):
    crowd(services, services.settings.batch_size)
    pro = connected(services, "pro")
    User.update(tier="pro").where(User.id == pro.user_id).execute()
    first, second = plan.plan(services)
    assert (first.lane, first.user_ids) == (PRO, (pro.user_id,))
    assert (second.lane, len(second.user_ids)) == (FREE, 50)
    assert QUEUES.index(INTERACTIVE) < QUEUES.index(PRO) < QUEUES.index(FREE)


def test_within_a_queue_trouble_goes_last(services, frozen):
    tired = connected(services, "tired", consecutive_failures=3)
    fresh = connected(services, "fresh")
    (batch,) = plan.plan(services)
    assert batch.user_ids == (fresh.user_id, tired.user_id)


def test_suspects_of_killing_workers_get_a_batch_of_their_own(services, frozen):
    people = crowd(services, 3)
    Connection.update(unfinished_claims=failures.ALONE_AFTER).where(
        Connection.user == people[1].user_id
    ).execute()
    batches = plan.plan(services)
    assert [one.user_ids for one in batches] == [
        (people[0].user_id, people[2].user_id),
        (people[1].user_id,),
    ]


@pytest.mark.parametrize("field", ["lease_until", "circuit_open_until", "next_poll_at"])
def test_who_is_held_cooling_or_not_due_is_not_planned(services, frozen, field):
    connected(services, **{field: frozen.now + timedelta(hours=1)})
    assert plan.plan(services) == []


def test_a_window_is_planned_once_however_many_planners_run(services, frozen):
    crowd(services, 5)
    assert len(plan.plan(services)) == 1
    assert plan.plan(services) == []  # a second planner, a stacked job
    frozen.forward(minutes=10)
    assert len(plan.plan(services)) == 1  # still due: nobody polled them


def test_after_a_flush_the_same_window_is_planned_anew_from_the_database(services, frozen):
    crowd(services, 5)
    plan.plan(services)
    services.redis.flushall()
    assert waiting(services) == []
    plan.plan(services)
    assert [len(ids) for _, ids, _ in waiting(services)] == [5]


def test_people_of_a_dead_worker_are_enqueued_again_at_once(services, frozen):
    people = crowd(services, 60)
    claims.claim([one.user_id for one in people], frozen.now + timedelta(minutes=10))
    assert lost_claims.recover(services) == []  # the leases still run
    frozen.forward(seconds=61)
    batches = lost_claims.recover(services)
    assert [len(one.user_ids) for one in batches] == [50, 10]
    assert all(after == 0 for _, _, after in waiting(services))
    assert lost_claims.recover(services) == []  # not again
    frozen.forward(minutes=30)
    assert lost_claims.recover(services) == []


def test_three_hours_without_a_worker_fill_no_queue(services, frozen):
    people = crowd(services, 200)
    claims.claim([one.user_id for one in people], frozen.now + timedelta(minutes=10))
    for minute in range(180):
        frozen.forward(minutes=1)
        lost_claims.recover(services)
        if minute % 10 == 0:
            plan.plan(services)
    assert len(waiting(services)) <= 4 * 18 + 4  # what is planned, and each lost claim once


def test_who_is_lost_a_second_time_is_found_a_second_time(services, frozen):
    alice = connected(services)
    for _ in range(2):
        claims.claim([alice.user_id], frozen.now + timedelta(minutes=10))
        frozen.forward(seconds=61)
        assert len(lost_claims.recover(services)) == 1


def test_jobs_carry_ids_only_as_json(services, frozen):
    connected(services)
    plan.plan(services)
    (job_id,) = services.queues.queue(FREE).job_ids
    stored = services.redis.hgetall(f"rq:job:{job_id}")
    data = TaskJob.fetch(job_id, connection=services.redis)
    assert data.func_name == "audiospective.jobs.tasks.archive_batch"
    assert len(data.args) == 2
    for value in stored.values():
        assert b"access" not in value
        assert b"refresh" not in value
        assert b"alice" not in value


def test_asking_for_a_poll_makes_it_due_even_if_redis_forgets(services, frozen):
    alice = connected(services, next_poll_at=frozen.now + timedelta(hours=1))
    poll.request(services, alice.user_id)
    assert services.queues.queue(INTERACTIVE).count == 1
    services.redis.flushall()
    (batch,) = plan.plan(services)
    assert batch.user_ids == (alice.user_id,)


@pytest.mark.parametrize("name", ["2026_03_14_1510", "2027_12_31_2350"])
def test_a_slot_has_a_name_that_leads_back_to_it(name):
    assert plan.slot_name(plan.slot_from(name)) == name


def test_among_equals_whoever_has_waited_longest_goes_first(services, frozen):
    alice = connected(services, "alice")
    bob = connected(services, "bob", next_poll_at=frozen.now - timedelta(hours=5))
    (batch,) = plan.plan(services)
    assert batch.user_ids == (bob.user_id, alice.user_id)


def test_a_planner_whose_clock_is_a_little_slow_plans_the_window_that_begins(services, frozen):
    frozen.to(frozen.now.replace(minute=10, second=0, microsecond=0))
    plan.plan(services)
    connected(services, next_poll_at=frozen.now + timedelta(minutes=12))
    frozen.forward(minutes=9, seconds=58)  # the scheduler's clock says 20 past
    assert len(plan.plan(services)) == 1
    frozen.forward(seconds=2)
    assert plan.plan(services) == []  # and not once more


def test_who_waits_for_a_blocked_app_is_not_called_recovered(services, frozen, caplog):
    connected(services, lease_until=frozen.now - timedelta(seconds=1))
    SpotifyApp.update(blocked_until=frozen.now + timedelta(hours=20)).execute()
    assert lost_claims.recover(services) == []
    assert "recovered" not in caplog.text
