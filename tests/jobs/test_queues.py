"""Queues carry JSON for functions on a list; what else is planted does not run."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from audiospective import clock
from audiospective.clients.queues import (
    FREE,
    INTERACTIVE,
    QUEUES,
    ForbiddenTaskError,
    TaskJob,
    TaskQueue,
)
from audiospective.jobs import context, tasks
from audiospective.jobs.worker import build
from audiospective.models import Connection, Play
from audiospective.polling import app_credentials, plan
from tests.factories import connected, listening


@pytest.fixture
def burst(services):
    """Run everything that waits, in this process."""

    def work():
        queues = [services.queues.queue(name) for name in QUEUES]
        worker = SimpleWorker(
            queues,
            connection=services.redis,
            serializer=JSONSerializer,
            job_class=TaskJob,
            queue_class=TaskQueue,
        )
        with context.use(services):
            worker.work(burst=True)

    return work


def test_a_person_is_polled_through_the_queue(services, spotify, burst):
    alice = connected(services)
    spotify.pages[f"access-{alice.user_id}"] = listening(clock.now(), 3)
    services.queues.enqueue(INTERACTIVE, "poll_user", alice.user_id)
    burst()
    assert Play.select().count() == 3


def test_a_batch_delivered_twice_polls_once(services, spotify, burst):
    alice = connected(services)
    slot = plan.slot_name(plan.current_slot(services, clock.now()).start)
    for _ in range(2):
        services.queues.enqueue(FREE, "archive_batch", slot, [alice.user_id])
    burst()
    assert spotify.calls == {"recently_played": 1}


def test_the_planner_runs_through_the_queue_and_its_batch_after_it(services, spotify, burst):
    connected(services)
    services.queues.enqueue("upkeep", "plan_polls")
    burst()
    assert spotify.calls == {"recently_played": 1}


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "audiospective.jobs.tasks._private",
        "audiospective.jobs.tasks.batch.archive",
        "audiospective.polling.plan.plan",
        "audiospective.jobs.context.services",
        "",
    ],
)
def test_a_job_may_name_only_our_tasks(services, name):
    job = TaskJob.create("audiospective.jobs.tasks.plan_polls", connection=services.redis)
    job._func_name = name
    with pytest.raises(ForbiddenTaskError):
        _ = job.func


def test_a_planted_pickle_does_not_run(services, burst, tmp_path):
    victim = tmp_path / "victim"

    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(victim),)

    connected(services)
    services.queues.enqueue(FREE, "plan_polls", job_id="planted")
    services.redis.hset("rq:job:planted", "data", pickle.dumps(Attack()))
    burst()
    assert not victim.exists()


def test_a_finished_job_leaves_nothing_behind(services, burst):
    services.queues.enqueue(FREE, "plan_polls", job_id="once")
    burst()
    assert not services.redis.exists("rq:job:once")


def test_a_wake_up_without_redis_is_no_error(services):
    services.redis.connection_pool.connection_kwargs["port"] = 1
    services.redis.connection_pool.disconnect()
    services.redis.connection_pool.reset()
    assert services.queues.wake("poll_user", 1) is False


def test_a_job_that_crashes_leaves_the_row_due(services, spotify, burst, monkeypatch):
    alice = connected(services)
    monkeypatch.setattr("audiospective.models.claims.claim", lambda *_, **__: 1 / 0)
    services.queues.enqueue(INTERACTIVE, "poll_user", alice.user_id)
    burst()
    row = Connection.get_by_id(alice.user_id)
    assert row.next_poll_at < clock.now() + timedelta(seconds=1)
    assert row.consecutive_failures == 0


def test_a_planned_job_that_failed_is_forgotten_after_an_hour(services):
    services.queues.enqueue_at(clock.now(), FREE, "archive_batch", "", [], job_id="planned")
    assert TaskJob.fetch("planned", connection=services.redis).failure_ttl == 3600


def test_a_secret_that_the_operator_replaced_reaches_the_polls_with_the_next_plan(services):
    connected(services)
    settings = replace(services.settings, spotify_client_secret="replaced")
    with context.use(replace(services, settings=settings)):
        tasks.plan_polls()
    assert app_credentials.credentials(services, [1])[1].client_secret == "replaced"


def test_an_app_that_cannot_be_brought_up_to_date_stops_no_plan(services, monkeypatch):
    connected(services)
    monkeypatch.setattr("audiospective.accounts.spotify_app.environment_app", lambda _: 1 / 0)
    with context.use(services):
        tasks.plan_polls()
    assert services.queues.queue(FREE).count == 1


def test_a_read_of_the_worker_that_hangs_ends(services):
    services.redis.ping()  # this connection was opened before RQ had a say
    pool = build(services.redis).connection.connection_pool
    connection = pool.get_connection()
    assert connection.socket_timeout > 0
    pool.release(connection)
