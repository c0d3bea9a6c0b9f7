"""Polls do not wait for imports and exports."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiospective.clients.queues import QUEUES
from audiospective.imports import uploads
from audiospective.imports.uploads import Announced
from audiospective.jobs import worker
from audiospective.models import User
from audiospective.models.imports import READING, REVIEW, Import
from audiospective.services import Services
from tests.imports.importing import month, spotify_file
from tests.jobs.stack import Stack, running, until


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
