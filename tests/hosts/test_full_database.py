"""A database server whose disk is full: polls fail where one sees it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audiospective import clock
from audiospective.models import Connection, Play
from audiospective.models.base import LONG_AGO
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from tests.factories import make_user
from tests.jobs.stack import Stack, running, until
from tests.support import full_database, postgres

PEOPLE, HEARD = 5, 30


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running(full_database.SMALL_SEGMENTS) as made:
        yield made


@pytest.fixture
def stack(
    server: postgres.Postgres, redis_url: str, tmp_path: Path, migrate: Callable[[str], None]
) -> Iterator[Stack]:
    url = server.url(server.create())
    migrate(url)
    with running(url, redis_url, tmp_path / "home") as built:
        yield built


def test_polls_fail_visibly_without_room_and_lose_nothing_once_there_is_some(stack: Stack) -> None:
    make_user(full_database.PADDING)
    people = stack.people(PEOPLE, plays=2)
    stack.start("worker.py")
    stack.enqueue_batch()
    until(lambda: stack.polled() == PEOPLE, "everybody is polled")
    for name in people:
        stack.control.burst(name, HEARD, seconds_apart=0.001)
    with full_database.full(stack.services.settings.database_url):
        _due(stack)
        until(lambda: _failing() == PEOPLE, "the polls fail")
        assert {row.outcome for row in PollLog.select().where(PollLog.added == 0)} == {"unknown"}
        assert _archived(stack, people) == PEOPLE * 2
        assert not Connection.select().where(Connection.lease_until > LONG_AGO).exists()
    _due(stack)
    until(lambda: _failing() == 0, "everybody is polled again")
    assert _archived(stack, people) == PEOPLE * (2 + HEARD)
    assert not Gap.select().exists()


def _due(stack: Stack) -> None:
    """The pause after a failure is over, and it is time for the next poll."""
    past = clock.now() - timedelta(seconds=1)
    Connection.update(next_poll_at=past, circuit_open_until=LONG_AGO).execute()
    stack.services.redis.delete(*(stack.services.redis.keys("archive:*") or ["none"]))
    stack.enqueue_batch()


def _failing() -> int:
    return Connection.select().where(Connection.consecutive_failures > 0).count()


def _archived(stack: Stack, people: list[str]) -> int:
    ids = [stack.user_id(name) for name in people]
    return Play.select().where(Play.user.in_(ids)).count()
