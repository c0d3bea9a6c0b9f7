"""Many exports asked for at once: polls go first, and half of the workers stay free.

With a thousand of them, a real worker and a clock it is tried in tests/jobs/test_long_jobs.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import EXPORT, FREE, QUEUES, Queues, TaskJob, TaskQueue
from audiospective.exports import claims, export_job, export_requests
from audiospective.models import User
from audiospective.models.exports import READY, WAITING, Export
from audiospective.policy.export_rules import at_once
from audiospective.services import Services
from tests.exports.making import archive, hard_plays

MANY = 50


def members(count: int) -> list[User]:
    """That many members, of whom nobody has listened to anything."""
    now = clock.to_ms(clock.now())
    User.insert_many(
        [
            {"spotify_account_id": f"m{n}", "minute_offset": 0, "session_key": f"m{n}",
             "created_at": now}
            for n in range(count)
        ]
    ).execute()  # fmt: skip
    return list(User.select().order_by(User.id))


class Taking(SimpleWorker):
    """RQ's own way of taking jobs from queues; what it does with each is the test's."""

    done: list[str]
    do: Callable[[TaskJob], Any]

    def execute_job(self, job: Any, queue: Any) -> None:
        self.done.append(f"{job.func_name.rpartition('.')[2]} {job.args[0]}")
        job.delete()  # as after a success
        self.do(job)


def taking(services: Services, do: Callable[[TaskJob], Any]) -> Taking:
    queues = [services.queues.queue(name) for name in QUEUES]
    options: dict[str, Any] = {"job_class": TaskJob, "queue_class": TaskQueue}
    worker = Taking(queues, connection=services.redis, serializer=JSONSerializer, **options)
    worker.done, worker.do = [], do
    return worker


def test_a_poll_is_taken_before_all_exports_that_wait(services: Services) -> None:
    everybody = members(MANY)
    for user in everybody:
        export_requests.ask(services, user, "json", compatible=False)
    assert services.queues.queue(EXPORT).count == MANY

    def do(job: TaskJob) -> None:
        if job.func_name.endswith("make_export"):
            if len(worker.done) == 2:  # a poll falls due while the second export is made
                services.queues.enqueue(FREE, "poll_user", everybody[-1].id)
            export_job.work(services, job.args[0], Deadline(60))

    worker = taking(services, do)
    worker.work(burst=True, max_jobs=5)
    assert worker.done == [
        "make_export 1", "make_export 2", f"poll_user {everybody[-1].id}",
        "make_export 3", "make_export 4",
    ]  # fmt: skip
    assert Export.select().where(Export.status == READY).count() == 4


def test_a_poll_is_not_even_behind_the_export_that_is_being_made(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two parts of a bundle the worker gives way, and then goes on with the same one."""
    alice = User.get_by_id(archive(*hard_plays()[:4]))
    bob = User.get_by_id(archive(name="bob"))
    export_requests.ask(services, alice, "bundle", compatible=False)
    export_requests.ask(services, bob, "json", compatible=False)

    def do(job: TaskJob) -> None:
        if job.func_name.endswith("make_export"):
            if len(worker.done) == 1:
                services.queues.enqueue(FREE, "poll_user", bob.id)
            export_job.work(services, job.args[0], Deadline(60))

    worker = taking(services, do)
    worker.work(burst=True, max_jobs=4)
    assert worker.done == ["make_export 1", f"poll_user {bob.id}", "make_export 1", "make_export 2"]


@pytest.mark.parametrize(("workers", "exports"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (9, 4)])
def test_half_of_the_workers_stay_free_for_polls(workers: int, exports: int) -> None:
    assert at_once(workers) == exports


def test_whoever_ends_an_export_wakes_the_one_that_waits_longest(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (
        export_requests.ask(services, user, "json", compatible=False)[0] for user in members(3)
    )
    services.queues.queue(EXPORT).empty()
    held = claims.claim(first.id, 1)
    assert held is not None
    export_job.work(services, second.id, Deadline(60))  # its worker was free, but one is being made
    export_job.work(services, third.id, Deadline(60))
    assert [one.status for one in Export.select().order_by(Export.id)][1:] == [WAITING, WAITING]
    held.give_back(tried=False)
    export_job.work(services, first.id, Deadline(60))
    assert services.queues.queue(EXPORT).job_ids == [f"export-{second.id}"]


def test_with_four_workers_two_exports_are_made_at_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queues, "workers", lambda _: 4)
    made = [export_requests.ask(services, user, "json", compatible=False)[0] for user in members(3)]
    most = at_once(services.queues.workers())
    assert [claims.claim(one.id, most) is not None for one in made] == [True, True, False]
