"""The timetable in Redis always equals the one in the code."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import redis

from audiospective.clients.queues import Queues, TaskJob
from audiospective.environment import use_utc
from audiospective.jobs import tasks
from audiospective.jobs.periodic import Entry, reconcile, timetable
from tests.fixtures import make_settings

PLAN = Entry("plan", "*/10 * * * *", "plan_polls")
OTHER = Entry("other", "5 * * * *", "plan_polls")


@pytest.fixture
def scheduler(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield Queues(client).scheduler()


def crons(scheduler):
    return {job.id: job.meta["cron_string"] for job in scheduler.get_jobs()}


def test_a_new_entry_is_added(scheduler):
    assert reconcile(scheduler, [PLAN]) == ["added periodic-plan"]
    assert crons(scheduler) == {"periodic-plan": "*/10 * * * *"}


def test_an_unchanged_entry_is_left_alone(scheduler):
    reconcile(scheduler, [PLAN])
    before = scheduler.connection.zscore(scheduler.scheduled_jobs_key, PLAN.job_id)
    assert reconcile(scheduler, [PLAN]) == []
    assert scheduler.connection.zscore(scheduler.scheduled_jobs_key, PLAN.job_id) == before


@pytest.mark.parametrize(
    "change", [{"cron": "*/5 * * * *"}, {"queue": "bulk"}, {"timeout": 90}, {"task": "poll_user"}]
)
def test_a_changed_entry_is_replaced_not_doubled(scheduler, change):
    reconcile(scheduler, [PLAN])
    assert reconcile(scheduler, [replace(PLAN, **change)]) == ["changed periodic-plan"]
    assert len(crons(scheduler)) == 1


def test_an_entry_is_brought_back_when_the_clock_was_set_back_by_an_hour(scheduler):
    reconcile(scheduler, [PLAN])
    key = scheduler.scheduled_jobs_key
    due = scheduler.connection.zscore(key, PLAN.job_id)
    scheduler.connection.zadd(key, {PLAN.job_id: due + 3600})
    assert reconcile(scheduler, [PLAN]) == ["brought back periodic-plan"]
    assert scheduler.connection.zscore(key, PLAN.job_id) <= due + 600
    assert reconcile(scheduler, [PLAN]) == []


def test_a_removed_entry_goes_and_foreign_jobs_stay(scheduler):
    reconcile(scheduler, [PLAN, OTHER])
    scheduler.cron("1 * * * *", "audiospective.jobs.tasks.plan_polls", id="somebody-elses")
    assert reconcile(scheduler, [PLAN]) == ["removed periodic-other"]
    assert set(crons(scheduler)) == {"periodic-plan", "somebody-elses"}


def test_a_flushed_redis_is_whole_again(scheduler):
    reconcile(scheduler, [PLAN])
    scheduler.connection.flushall()
    assert reconcile(scheduler, [PLAN]) == ["added periodic-plan"]


def test_a_job_whose_hash_is_gone_is_registered_again(scheduler):
    reconcile(scheduler, [PLAN])
    scheduler.connection.delete(TaskJob.key_for(PLAN.job_id))
    assert reconcile(scheduler, [PLAN]) == ["added periodic-plan"]


def test_the_hour_is_utc_whatever_the_machine_says(scheduler, monkeypatch):
    monkeypatch.setenv("TZ", "America/St_Johns")
    use_utc()
    noon = Entry("noon", "0 12 * * *", "plan_polls")
    reconcile(scheduler, [noon])
    at = scheduler.connection.zscore(scheduler.scheduled_jobs_key, noon.job_id)
    monkeypatch.undo()
    time.tzset()
    assert int(at) % 86400 == 12 * 3600


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path, f"sqlite:///{tmp_path}/a.db", "redis://127.0.0.1:1/0")


def test_every_entry_names_a_task_that_exists(settings):
    assert all(callable(getattr(tasks, entry.task)) for entry in timetable(settings))


def test_names_are_unique(settings):
    names = [entry.name for entry in timetable(settings)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("shortest", "cron"), [(10, "*/10"), (60, "*/10"), (7, "*/6"), (1, "*/1")])
def test_plans_are_made_as_often_as_polls_may_come(settings, shortest, cron):
    plan = timetable(replace(settings, poll_min_minutes=shortest))[0]
    assert plan.cron == f"{cron} * * * *"
