"""The scheduler and the worker's parent: they outlive Redis and hold nothing they must not."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.executions import Execution

from audiospective import clock
from audiospective.clients.queues import FREE, Later, Queues
from audiospective.jobs import scheduler as scheduling
from audiospective.jobs import worker as jobs_worker
from audiospective.models import claims, database
from audiospective.models.base import is_sqlite
from tests.factories import crowd
from tests.jobs.stack import running
from tests.support.processes import free_port, start, stop, until
from tests.support.redis import hang_up, server_binary


@contextmanager
def redis_on(port):
    with tempfile.TemporaryDirectory() as home:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--save", ""]
        server = start(
            [server_binary(), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with redis.Redis(port=port) as client:
                until(lambda: answers(client), "Redis answers")
                yield client
        finally:
            stop(server)


def answers(client):
    try:
        return client.ping()
    except redis.exceptions.ConnectionError:
        return False


def waits(client):
    return [key for key in client.smembers("rq:workers") if client.hget(key, "state") == b"idle"]


def test_scheduler_and_worker_wait_for_redis_and_go_on_by_themselves(sqlite_database_url, tmp_path):
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with running(sqlite_database_url, url, tmp_path / "home") as stack:
        with redis_on(port) as client:
            scheduler, worker = stack.start("scheduler.py"), stack.start("worker.py")
            until(lambda: client.zcard("rq:scheduler:scheduled_jobs"), "the timetable is there")
            until(lambda: waits(client), "the worker waits for jobs")
        people = stack.people(3)
        with redis_on(port) as client:  # empty: nothing of the old one survived
            until(lambda: client.zcard("rq:scheduler:scheduled_jobs"), "the timetable is back")
            assert scheduler.poll() is None
            assert worker.poll() is None
            stack.services.queues.enqueue("upkeep", "plan_polls")
            until(lambda: stack.polled() == len(people), "people are polled again")


@pytest.fixture
def brief_waits(monkeypatch):
    """Workers that do what is there, are then told to stop, and wait for nothing."""
    whole, look = (
        jobs_worker.ArchiveWorker.work,
        jobs_worker.ArchiveWorker.dequeue_job_and_maintain_ttl,
    )

    def stop_at_the_end(worker, *timeouts):
        found = look(worker, *timeouts)
        worker.is_told_to_stop = found is None
        return found

    monkeypatch.setattr(jobs_worker.ArchiveWorker, "dequeue_job_and_maintain_ttl", stop_at_the_end)
    monkeypatch.setattr(jobs_worker, "RETRY_SECONDS", 0)
    monkeypatch.setattr(
        jobs_worker.ArchiveWorker,
        "work",
        lambda self, **options: whole(self, burst=True, **options),
    )
    before = [(sign, signal.getsignal(sign)) for sign in (signal.SIGTERM, signal.SIGINT)]
    yield
    for sign, handler in before:
        signal.signal(sign, handler)


def test_a_worker_waits_for_a_redis_that_is_full(brief_waits, monkeypatch, caplog):
    with redis_on(free_port()) as client:
        client.config_set("maxmemory", "100kb")
        told = []

        def trouble(event, error):
            told.append((event, type(error).__name__))
            if len(told) == 2:
                client.config_set("maxmemory", "0")

        monkeypatch.setattr(jobs_worker.log, "trouble", trouble)
        jobs_worker.serve(client)
        assert told == [("redis_away", "OutOfMemoryError")] * 2
        hang_up(client)


def test_a_worker_waits_for_a_redis_that_is_away_when_it_begins_anew(brief_waits, monkeypatch):
    port, told = free_port(), []
    with ExitStack() as later, redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as client:

        def trouble(_event, error):
            told.append(type(error).__name__)
            if len(told) == 2:
                later.enter_context(redis_on(port))

        monkeypatch.setattr(jobs_worker.log, "trouble", trouble)
        jobs_worker.serve(client)
        assert told == ["ConnectionError"] * 2
        hang_up(client)


def test_a_worker_that_an_error_ended_while_redis_answers_again_goes_on(brief_waits, monkeypatch):
    with redis_on(free_port()) as client:
        whole, beats = jobs_worker.ArchiveWorker.heartbeat, []

        def full_for_a_moment(worker, *arguments, **options):
            beats.append(worker.name)
            if len(beats) == 1:
                raise redis.exceptions.OutOfMemoryError
            whole(worker, *arguments, **options)

        monkeypatch.setattr(jobs_worker.ArchiveWorker, "heartbeat", full_for_a_moment)
        jobs_worker.serve(client)
        assert len(set(beats)) == 2
        hang_up(client)


def test_a_full_redis_parts_no_worker_from_the_job_in_hand(brief_waits):
    with redis_on(free_port()) as client:
        worker = jobs_worker.build(client)
        job = Queues(client).queue(FREE).create_job("audiospective.jobs.tasks.plan_polls")
        execution = Execution("one", job.id, connection=client)
        client.config_set("maxmemory", "100kb")
        worker.maintain_heartbeats(job, execution)
        worker._state = "busy"
        worker.request_stop(signal.SIGTERM, None)
        assert worker.is_told_to_stop
        hang_up(client)


def test_no_job_is_left_running_beside_the_next_worker(brief_waits, monkeypatch):
    job = subprocess.Popen(["sleep", "600"], start_new_session=True)

    def failing(worker, **_options):
        worker._horse_pid, worker.is_told_to_stop = job.pid, True
        raise redis.exceptions.OutOfMemoryError

    try:
        with redis_on(free_port()) as client:
            monkeypatch.setattr(jobs_worker.ArchiveWorker, "work", failing)
            jobs_worker.serve(client)
            with pytest.raises(ProcessLookupError):
                os.kill(job.pid, 0)
            hang_up(client)
    finally:
        job.kill()
        job.wait()


def test_a_worker_that_is_told_to_stop_while_redis_is_full_stops(brief_waits, monkeypatch):
    with redis_on(free_port()) as client:

        def stop_now(worker, *_):
            client.config_set("maxmemory", "100kb")  # so it cannot say that it ends
            os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(jobs_worker.ArchiveWorker, "check_for_suspension", stop_now)
        monkeypatch.setattr(jobs_worker.log, "trouble", lambda *_: pytest.fail("it goes on"))
        jobs_worker.serve(client)
        hang_up(client)


def test_the_workers_parent_holds_no_database_open(sqlite_database_url, redis_url, tmp_path):
    with running(sqlite_database_url, redis_url, tmp_path / "home") as stack:
        stack.people(1)
        worker = stack.start("worker.py")
        stack.enqueue_batch()
        until(lambda: stack.polled() == 1, "a job was done")
        files = []
        for link in Path(f"/proc/{worker.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                files.append(str(link.readlink()))
        assert files
        assert not [name for name in files if "archive.db" in name]


def test_a_database_that_is_away_does_not_stop_the_timetable(services, monkeypatch, caplog):
    crowd(services, 1)

    def away(_):
        raise ConnectionError("no database")

    monkeypatch.setattr(scheduling.lost_claims, "recover", away)
    scheduler = scheduling.ArchiveScheduler(services)
    scheduler.enqueue_jobs()
    assert services.redis.zcard(scheduler.scheduled_jobs_key)
    assert "lost_claims_not_read" in caplog.text


def test_each_look_at_the_schedule_brings_back_what_a_flush_took(services):
    scheduler = scheduling.ArchiveScheduler(services)
    scheduler.enqueue_jobs()
    entries = services.redis.zcard(scheduler.scheduled_jobs_key)
    services.redis.flushall()
    scheduler.enqueue_jobs()
    assert services.redis.zcard(scheduler.scheduled_jobs_key) == entries > 0


def test_a_long_schedule_is_looked_at_every_second(services):
    scheduler = scheduling.ArchiveScheduler(services)
    far = clock.now() + timedelta(hours=1)
    jobs = [Later(far, FREE, "archive_batch", ("", []), f"batch-{n}") for n in range(600)]
    services.queues.enqueue_later(jobs)
    scheduler.enqueue_jobs()
    assert scheduler._interval == scheduling.OFTEN
    services.queues.drop([one.job_id for one in jobs])
    scheduler.enqueue_jobs()
    assert scheduler._interval == scheduling.INTERVAL


def test_lost_claims_are_found_without_reading_everybody(database, monkeypatch):
    asked = []
    run = database.execute
    monkeypatch.setattr(
        database.obj, "execute", lambda query, **more: asked.append(query) or run(query, **more)
    )
    assert claims.abandoned() == {}
    text, values = asked[0].sql()
    if is_sqlite():
        rows = database.execute_sql(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
    else:
        database.execute_sql("SET enable_seqscan = off")  # the table is empty
        rows = database.execute_sql(f"EXPLAIN {text}", values).fetchall()
    assert "connections_claimed" in str(rows)


@pytest.mark.parametrize("times", [1, 5])
def test_the_scheduler_closes_the_database_after_each_look(settings, times):
    from audiospective.services import Services

    built = Services.build(settings)
    scheduler = scheduling.ArchiveScheduler(built)
    for _ in range(times):
        scheduler.enqueue_jobs()
    assert database.is_closed()
    hang_up(built.redis)
