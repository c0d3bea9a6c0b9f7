"""Queues carry JSON for functions on a list; what else is planted does not run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from audiospective import clock, log
from audiospective.clients.queues import (
    BULK,
    FREE,
    INTERACTIVE,
    QUEUES,
    TASK_NAMES,
    UPKEEP,
    ForbiddenTaskError,
    Later,
    TaskJob,
    TaskQueue,
)
from audiospective.imports import rounds
from audiospective.jobs import context, tasks
from audiospective.jobs.quiet_failures import QuietFailures
from audiospective.jobs.scheduler import ArchiveScheduler
from audiospective.jobs.worker import build
from audiospective.models import Connection, Play
from audiospective.polling import batch, plan
from tests.factories import connected, crowd, listening


class QuietWorker(QuietFailures, SimpleWorker):
    """Fails as the real worker does, without a fork."""


@pytest.fixture
def burst(services):
    """Run everything that waits, in this process."""

    def work(kind=SimpleWorker):
        queues = [services.queues.queue(name) for name in QUEUES]
        worker = kind(
            queues,
            connection=services.redis,
            serializer=JSONSerializer,
            job_class=TaskJob,
            queue_class=TaskQueue,
        )
        with context.use(services):
            worker.work(burst=True)

    return work


@pytest.mark.parametrize(
    ("since", "stays"),
    [
        ({"status": "started", "worker_name": "first"}, False),
        ({"status": "queued", "worker_name": ""}, True),
        ({"status": "scheduled", "worker_name": ""}, True),
        ({"status": "started", "worker_name": "second"}, True),
    ],
    ids=["nothing else", "put into the queue again", "planned again", "taken by another worker"],
)
def test_the_end_of_a_job_takes_along_only_itself(services, since, stays):
    services.queues.enqueue(FREE, "poll_user", 1, job_id="poll-1")
    job = TaskJob.fetch("poll-1", connection=services.redis, serializer=JSONSerializer)
    job.worker_name = "first"
    services.redis.hset(job.key, mapping=since)
    job.cleanup(0)
    assert TaskJob.exists("poll-1", connection=services.redis) == stays


def test_an_import_that_waits_is_tried_again_however_often(services, burst, monkeypatch):
    monkeypatch.setattr(
        "audiospective.imports.import_job.work",
        lambda services, import_id: rounds.wake_later(services, import_id, timedelta(0)),
    )
    scheduler = services.queues.scheduler()
    services.queues.enqueue(BULK, "work_on_import", 1, job_id="import-1")
    for _ in range(3):
        burst()
        (job,) = scheduler.get_jobs()
        scheduler.enqueue_job(job)
    assert services.queues.queue(BULK).get_job_ids() == [job.id]


def test_a_job_that_was_lost_with_its_worker_does_not_count_as_waiting(services):
    assert services.queues.wake("poll_user", 1)
    assert services.queues.queue(INTERACTIVE).pop_job_id() == "poll_user-1"
    assert services.redis.hget("rq:job:poll_user-1", "status") == b"queued"
    for _ in range(2):
        assert services.queues.wake("poll_user", 1)
    assert services.queues.queue(INTERACTIVE).get_job_ids() == ["poll_user-1"]


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


@pytest.mark.parametrize("left", [b"yes", b"\xff", b"9" * 40, b"-" + b"9" * 30, b"1.5", b""])
def test_marks_that_are_no_times_hold_no_poll_up(services, spotify, burst, left):
    alice = connected(services)
    slot = plan.current_slot(services, clock.now())
    blocked = f"app:{alice.app_id}:blocked"
    for key in (
        batch.mark(alice.user_id, slot.start),
        f"planned:{plan.slot_name(slot.start)}",
        blocked,
    ):
        services.redis.set(key, left)
    services.queues.enqueue(UPKEEP, "plan_polls")
    burst()
    assert spotify.calls == {"recently_played": 1}
    until = clock.now() + timedelta(hours=1)
    services.blocked_apps.block(alice.app_id, until)
    assert services.redis.get(blocked) == str(clock.to_ms(until)).encode()


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
        "audiospective.jobs.tasks.task",
        "audiospective.jobs.tasks.deadline",
        "audiospective.jobs.tasks.spotify_app",
        "audiospective.jobs.tasks._bring_app_up_to_date",
        "",
    ],
)
def test_a_job_may_name_only_our_tasks(services, name):
    job = TaskJob.create("audiospective.jobs.tasks.plan_polls", connection=services.redis)
    job._func_name = name
    with pytest.raises(ForbiddenTaskError):
        _ = job.func


def test_the_list_of_tasks_is_the_module_of_tasks():
    made_here = {
        name
        for name, value in vars(tasks).items()
        if callable(value) and value.__module__ == tasks.__name__ and not name.startswith("_")
    }
    assert made_here == TASK_NAMES, "name a new task in clients/queues.TASK_NAMES"


PLANTED = {
    "success_callback_name": "tests.jobs.test_queues.attack",
    "failure_callback_name": "tests.jobs.test_queues.attack",
    "stopped_callback_name": "tests.jobs.test_queues.attack",
    "webhooks": '[{"url": "http://127.0.0.1:1/", "events": ["finished", "failed"]}]',
    "repeats_left": "1000",
    "repeat_intervals": "[1]",
    "retries_left": "1000",
    "dependency_ids": '["other"]',
}
attacks: list[str] = []


def attack(job, *_):
    attacks.append(job.id)


@pytest.mark.parametrize("name", ["audiospective.jobs.tasks.plan_polls", "os.system"])
def test_nothing_that_a_planted_job_calls_back_runs_even_when_it_is_refused(services, burst, name):
    attacks.clear()
    connected(services)
    services.queues.enqueue(FREE, "plan_polls", job_id="planted")
    services.redis.hset("rq:job:planted", mapping=PLANTED)
    services.redis.hset("rq:job:planted", "data", json.dumps([name, None, [], {}]))
    job = TaskJob.fetch("planted", connection=services.redis)
    assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)
    assert not job.webhooks
    assert (job.repeats_left, job.retries_left, job.dependency_ids) == (None, None, [])
    burst()
    assert attacks == []


@pytest.mark.parametrize(
    ("meta", "kept"),
    [
        ({"queue_class_name": "tests.jobs.test_queues.attack", "a": 1}, {}),
        ({"cron_string": "* * * * *", "use_local_timezone": False, "repeat": 3},
         {"cron_string": "* * * * *", "use_local_timezone": False}),
        ({"cron_string": ["*"]}, {}),
        ([1, 2], {}),
    ],
)  # fmt: skip
def test_of_a_jobs_meta_only_its_repetition_is_believed(services, meta, kept):
    services.queues.enqueue(FREE, "plan_polls", job_id="planted")
    services.redis.hset("rq:job:planted", "meta", json.dumps(meta))
    assert TaskJob.fetch("planted", connection=services.redis).meta == kept


def test_the_text_of_an_exception_reaches_neither_redis_nor_the_log(
    services, burst, monkeypatch, capfd
):
    connected(services)
    text = "no: BQDx8fK2v0cT of mara@people.example"
    monkeypatch.setattr("audiospective.polling.plan.plan", lambda _: _raise(ValueError(text)))
    services.queues.enqueue(FREE, "plan_polls", job_id="broken")
    log.configure("INFO")
    burst(QuietWorker)
    said = "".join(capfd.readouterr())
    assert '"event":"job_failed"' in said
    assert '"error":"ValueError"' in said
    result = TaskJob.fetch("broken", connection=services.redis).latest_result()
    kept = result.exc_string + str([services.redis.dump(k) for k in services.redis.scan_iter()])
    for secret in ("BQDx8fK2v0cT", "mara", "Traceback"):
        assert secret not in kept
        assert secret not in said


def _raise(error):
    raise error


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


@pytest.mark.parametrize(
    "told",
    [
        {"data": pickle.dumps(("audiospective.jobs.tasks.plan_polls", None, (), {}))},
        {"data": b'["audiospective.jobs.tasks.plan_polls", null, []]'},
        {"data": b"[5, null, [], {}]"},
        {"status": "of-another-release"},
        {"created_at": "yesterday"},
        {"timeout": "soon"},
        {"meta\xff": ""},
    ],
    ids=["a pickle", "three parts", "a number", "status", "date", "timeout", "a name"],
)
def test_a_job_that_cannot_be_read_stops_neither_timetable_nor_queue(services, burst, told):
    connected(services)
    services.queues.enqueue(UPKEEP, "plan_polls", job_id="unreadable")
    services.redis.hset("rq:job:unreadable", mapping=told)
    services.redis.copy("rq:job:unreadable", "rq:job:periodic-plan")
    services.queues.enqueue(UPKEEP, "plan_polls", job_id="sound")
    assert services.queues.waiting_for("plan_polls", 1) == []
    scheduler = ArchiveScheduler(services)
    for job_id in ("unreadable", "periodic-plan"):
        services.redis.zadd(scheduler.scheduled_jobs_key, {job_id: 1})
    scheduler.enqueue_jobs()
    assert "unreadable" not in scheduler
    assert "periodic-plan" in scheduler
    burst()
    assert services.redis.llen(TaskQueue.redis_queue_namespace_prefix + UPKEEP) == 0
    assert not services.redis.exists("rq:job:sound")


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


def test_a_planned_job_that_failed_is_forgotten_after_a_day(services):
    services.queues.enqueue_later([Later(clock.now(), FREE, "archive_batch", ("", []), "planned")])
    assert TaskJob.fetch("planned", connection=services.redis).failure_ttl == 24 * 3600


def test_a_secret_that_the_operator_replaced_reaches_the_polls_with_the_next_plan(services):
    connected(services)
    settings = replace(services.settings, spotify_client_secret="replaced")
    with context.use(replace(services, settings=settings)):
        tasks.plan_polls()
    assert batch.credentials(services, [1])[1].client_secret == "replaced"


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


def test_a_worker_works_where_no_real_time_signals_are():
    """As on macOS: neither is there while the worker is loaded, nor is its job told by one."""
    script = (
        "import signal\n"
        "del signal.SIGRTMIN, signal.SIGRTMAX\n"
        "from audiospective.jobs.worker import ArchiveWorker\n"
        "print([one.__name__ for one in ArchiveWorker.__mro__ if one.__name__ == 'HerokuWorker'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_a_job_goes_on_with_the_batches_that_wait(services, spotify, burst):
    people = crowd(services, 3)
    slot = plan.slot_name(plan.current_slot(services, clock.now()).start)
    for number, one in enumerate(people):
        args = slot, [one.user_id]
        services.queues.enqueue(FREE, "archive_batch", *args, job_id=f"batch-{number}")
    with context.use(services):
        tasks.archive_batch(slot, [])
    assert services.queues.queue(FREE).count == 0
    assert Connection.select().where(Connection.last_success_at.is_null()).count() == 0
    assert not services.redis.keys("rq:job:*")


def test_nothing_is_taken_along_while_somebody_waits_for_something_more_urgent(services):
    services.queues.enqueue(FREE, "archive_batch", "", [], job_id="batch")
    services.queues.enqueue(INTERACTIVE, "send_emails")
    assert services.queues.take("archive_batch") is None
    services.queues.empty(INTERACTIVE)
    assert services.queues.take("archive_batch") == ("", [])
    assert services.queues.take("archive_batch") is None


def test_what_is_no_batch_is_left_where_it_was(services):
    services.queues.enqueue(FREE, "maintain", job_id="odd")
    assert services.queues.take("archive_batch") is None
    assert services.queues.queue(FREE).job_ids == ["odd"]
    services.redis.delete("rq:job:odd")
    assert services.queues.take("archive_batch") is None


def test_a_worker_that_redis_has_forgotten_is_counted_again(services):
    worker = build(services.redis)
    worker.register_birth()
    assert services.queues.workers() == 1
    services.redis.flushall()
    assert services.queues.workers() == 0
    worker.heartbeat()
    assert services.queues.workers() == 1
