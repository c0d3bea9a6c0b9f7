"""Workers that are killed, frozen or told to go: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import signal

import pytest

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.base import LONG_AGO
from audiospective.policy import failures
from tests.jobs.stack import Stack, kill, running, until
from tests.support import losses


@pytest.fixture
def stack(database_url, redis_url, tmp_path):
    with running(database_url, redis_url, tmp_path / "home") as built:
        yield built


def all_archived_once(stack: Stack, plays: int) -> None:
    """A second try hides no play that was lost or doubled; who is asked twice may be late only."""
    found = stack.plays()
    losses.none_of(found != plays and f"{found} plays, not {plays}")


def stalled(stack: Stack, names):
    """Make Spotify fall silent for these people, until `clear`."""
    return stack.control.fault("stall", listener=list(names), endpoint="recently-played")


@pytest.mark.races
def test_a_batch_whose_worker_is_killed_is_finished_by_the_next_one(stack):
    people = stack.people(50)
    stalled(stack, people[22:])
    worker = stack.start("worker.py")
    stack.enqueue_batch()
    until(lambda: stack.polled() == 22, "the first 22 are archived, the others under way")
    kill(worker)
    before = stack.calls(people[:22])
    stack.control.clear()

    stack.let_leases_run_out()
    stack.start("worker.py")
    stack.start("scheduler.py")  # finds them: nobody told Redis anything
    until(lambda: stack.polled() == 50, "the others are archived")
    all_archived_once(stack, 50 * 5)
    assert stack.calls(people[:22]) == before
    rows = list(Connection.select())
    assert all(row.lease_until == LONG_AGO and row.unfinished_claims == 0 for row in rows)


@pytest.mark.races
def test_a_worker_that_slept_past_its_lease_and_wakes_writes_nothing(stack):
    (alice,) = stack.people(1)
    fault = stack.control.fault(
        "stall", listener=alice, endpoint="recently-played", seconds=2, then="answer", times=1
    )
    assert fault
    sleeper = stack.start("worker.py")
    stack.enqueue_batch()
    horse = until(lambda: stack.horse(sleeper), "the sleeper's job")
    # The sandbox counts a call when it is answered, and by then the sleeper may be writing.
    until(lambda: Connection.get().lease_until > LONG_AGO, "the sleeper holds her")
    os.kill(horse, signal.SIGSTOP)

    stack.let_leases_run_out()
    second = stack.start("worker.py")
    stack.enqueue_batch()
    until(lambda: stack.polled() == 1, "the second worker archives")
    row = Connection.get()
    stack.control.burst(alice, 3)  # what a late writer would add to
    os.kill(horse, signal.SIGCONT)
    until(lambda: stack.horse(sleeper) is None, "the sleeper's job ends")
    assert second.poll() is None
    assert Connection.get() == row
    assert Connection.get().next_poll_at == row.next_poll_at
    all_archived_once(stack, 5)


@pytest.mark.races
def test_a_dyno_that_must_go_finishes_or_gives_back_and_the_rest_follows(stack):
    people = stack.people(50)
    stalled(stack, people[23:])
    worker = stack.start("worker.py")
    stack.enqueue_batch()
    until(lambda: stack.polled() == 23, "23 are archived")
    horse = until(lambda: stack.horse(worker), "the job")
    began = clock.monotonic()
    for pid in (worker.pid, horse):  # a platform tells every process
        os.kill(pid, signal.SIGTERM)
    worker.wait(30)
    assert clock.monotonic() - began < 30
    held = Connection.select().where(Connection.lease_until > LONG_AGO).count()
    assert held == 0
    stack.control.clear()
    before = stack.calls(people[:23])
    stack.start("worker.py")
    until(lambda: stack.polled() == 50, "the rest follows")
    all_archived_once(stack, 50 * 5)
    assert stack.calls(people[:23]) == before
    assert not Connection.select().where(Connection.consecutive_failures > 0).exists()


@pytest.mark.races
def test_somebody_whose_data_kills_the_worker_each_time_is_set_aside_and_the_others_go_on(stack):
    people = stack.people(12)
    poison = people[7]
    poison_id = stack.user_id(poison)
    stack.control.fault("stall", listener=poison, endpoint="recently-played")

    def row():
        return Connection.get_by_id(poison_id)

    for _ in range(8):
        worker = stack.start("worker.py")
        fence = row().fence
        stack.enqueue_batch()
        stack.enqueue_batch([poison_id])
        until(lambda: stack.polled() == 11, "the others are archived")
        until(lambda fence=fence: row().fence > fence, "a worker has it in hand")
        if failures.must_pause(row().unfinished_claims - 1):  # what this worker writes next
            until(lambda: row().consecutive_failures, "the pause is written")
        if row().consecutive_failures:
            break
        kill(worker)  # as the system does to a process that eats all memory
        stack.services.redis.flushall()
        stack.let_leases_run_out()
    found = row()
    assert (found.consecutive_failures, found.last_failure_type) == (1, "unknown")
    assert found.next_poll_at > clock.now()
    all_archived_once(stack, 11 * 5)


@pytest.mark.races
def test_redis_flushed_in_the_middle_of_a_batch_costs_nothing(stack):
    people = stack.people(30)
    stack.control.fault(
        "stall", listener=people[10:], endpoint="recently-played", seconds=1, then="answer"
    )
    stack.start("worker.py")
    stack.enqueue_batch()
    until(lambda: stack.polled() >= 10, "the first are archived")
    stack.services.redis.flushall()
    stack.start("scheduler.py")
    until(lambda: stack.polled() == 30, "everybody is archived")
    all_archived_once(stack, 30 * 5)
    assert set(stack.calls(people).values()) == {1}
    until(
        lambda: stack.services.redis.zcard("rq:scheduler:scheduled_jobs"), "the timetable is back"
    )


@pytest.mark.races
def test_two_schedulers_and_two_workers_poll_everybody_once(stack):
    people = stack.people(60)
    for script in ("scheduler.py", "scheduler.py", "worker.py", "worker.py"):
        stack.start(script)
    for _ in range(2):
        stack.services.queues.enqueue("upkeep", "plan_polls")
    until(lambda: stack.polled() >= 50, "the first batch is archived")
    stack.services.redis.delete(*stack.services.redis.keys("planned:*") or ["none"])
    for _ in range(2):
        stack.services.queues.enqueue("upkeep", "plan_polls")
    until(lambda: stack.polled() == 60, "everybody is archived")
    all_archived_once(stack, 60 * 5)
    assert set(stack.calls(people).values()) == {1}


@pytest.mark.races
@pytest.mark.parametrize("script", ["worker.py", "scheduler.py"])
def test_an_idle_process_that_is_told_to_go_goes(stack, script):
    child = stack.start(script)
    key = "rq:workers" if script == "worker.py" else "rq:scheduler_instance:*"
    until(lambda: stack.services.redis.keys(key), "it has reported")
    child.send_signal(signal.SIGTERM)
    assert child.wait(120) in (0, -signal.SIGTERM)
