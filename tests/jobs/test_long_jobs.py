"""Polls do not wait for imports and exports, with real workers and real queues."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiospective import clock
from audiospective.clients.queues import QUEUES
from audiospective.exports import export_requests
from audiospective.exports.bundle import writing
from audiospective.imports import uploads
from audiospective.imports.uploads import Announced
from audiospective.jobs import worker
from audiospective.models import Connection, User
from audiospective.models.exports import READY, WAITING, Export
from audiospective.models.imports import READING, REVIEW, Import
from audiospective.services import Services
from tests.exports.making import archive, hard_plays
from tests.exports.test_fairness import members
from tests.imports.importing import month, spotify_file
from tests.jobs.stack import ROOT, Stack, running, until


@pytest.fixture
def stack(postgres_database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with running(postgres_database_url, redis_url, tmp_path / "home") as built:
        yield built


@pytest.mark.races
def test_polls_go_on_while_a_file_is_read(stack: Stack) -> None:
    names = stack.people(20)
    content = spotify_file(*month())["endsong_0.json"]
    user = User.get_by_id(stack.user_id(names[0]))
    row = uploads.begin(user, [Announced("endsong_0.json", len(content))])
    uploads.receive(stack.services, row, 0, 0, content)
    bulk = stack.start("worker.py", "bulk")
    until(lambda: worker.long_jobs_are_served(stack.services.redis), "the worker for long jobs")
    uploads.complete(stack.services, row)
    horse = until(lambda: stack.horse(bulk), "the job that reads")
    os.kill(horse, signal.SIGSTOP)  # it reads for ever
    stack.enqueue_batch()
    stack.start("worker.py")
    until(lambda: stack.polled() == 20, "everybody is polled")
    assert Import.get_by_id(row.id).status == READING
    os.kill(horse, signal.SIGCONT)
    until(lambda: Import.get_by_id(row.id).status == REVIEW, "the file is read")


@pytest.mark.races
def test_a_thousand_exports_asked_for_at_once_keep_no_poll_waiting(stack: Stack) -> None:
    """Twenty members fall due when the only worker has begun with the exports."""
    stack.people(20)
    for user in members(1_000):
        export_requests.ask(stack.services, user, "json", compatible=False)
    stack.start("worker.py")
    ready = Export.select().where(Export.status == READY)
    until(ready.exists, "exports are being made")
    fell_due = clock.now()
    stack.enqueue_batch()
    until(lambda: stack.polled() == 20, "everybody is polled")
    polled_at = max(one.last_success_at for one in Connection.select())
    between = ready.clone().where(Export.changed_at.between(fell_due, polled_at)).count()
    assert between <= 2  # the one that was being made, and one taken as the polls were enqueued
    assert Export.select().where(Export.status == WAITING).count() > 900


def test_one_worker_alone_does_everything_in_order_of_urgency(services: Services) -> None:
    redis = services.redis
    alone = worker.build(redis)
    assert [queue.name for queue in alone._ordered_queues] == list(QUEUES)
    long = worker.build(redis, bulk=True)
    long.register_birth()
    assert [queue.name for queue in alone._ordered_queues] == list(QUEUES[:-2])
    assert [queue.name for queue in long._ordered_queues] == list(QUEUES[-2:])
    long.register_death()
    assert [queue.name for queue in alone._ordered_queues] == list(QUEUES)


ONE_STEP_A_JOB = """
from audiospective import boot
from audiospective.exports import export_job
from audiospective.jobs.worker import build

export_job.ALONE = 0
build(boot.services().redis).work(burst=True)
"""


def test_a_large_bundle_is_made_one_step_a_job_by_a_job_that_asks_for_itself_again(
    stack: Stack,
) -> None:
    alice = User.get_by_id(archive(*hard_plays()))
    export, _ = export_requests.ask(stack.services, alice, "bundle", compatible=False)
    done = subprocess.run(
        [sys.executable, "-c", ONE_STEP_A_JOB],
        cwd=ROOT, env=stack.environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, Export.get_by_id(export.id).status) == (0, READY), done.stderr
    assert done.stderr.count("Job OK (export-") == len(writing.STEPS) + 1
