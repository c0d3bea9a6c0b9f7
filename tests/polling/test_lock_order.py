"""Who writes of coverage and gaps holds them in one order, so that no two wait for each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest

from audiospective import clock
from audiospective.imports.restore import coverage as restored
from audiospective.models import Connection, database, transaction
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, Import
from audiospective.polling import closed_gaps, other_account
from audiospective.polling.batch import now as poll_now
from audiospective.services import Services
from tests.factories import connected, listening
from tests.fakes import FakeSpotify
from tests.support.clocks import Frozen

HOUR = timedelta(hours=1)
NEEDS = {"coverage": "connections", "gaps": "coverage"}
_WRITES = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')


@pytest.fixture
def database_url(postgres_database_url: str) -> str:
    """SQLite has one writer."""
    return postgres_database_url


@pytest.fixture
def alice(services: Services, spotify: FakeSpotify, frozen: Frozen) -> Connection:
    """Somebody with coverage, and a gap up to now minus an hour."""
    one = connected(services, "alice", authorized_at=clock.now())
    _check(services, spotify, one, "a")
    frozen.forward(minutes=70)
    _check(services, spotify, one, "b")
    (gap,) = Gap.select()
    now = clock.now()
    Import.create(user=one.user_id, status=DONE, created_at=now, changed_at=now,
                  first_at=gap.started_at, last_at=now)  # fmt: skip
    return one


@pytest.fixture
def held(
    alice: Connection, postgres_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str, bool]]]:
    """With each write of a table, that which has to be held before, and whether it was."""
    found: list[tuple[str, str, bool]] = []
    execute = database.obj.execute_sql

    def watched(text: str, *args: object, **more: object) -> object:
        what = _WRITES.match(text)
        if what is not None and (before := NEEDS.get(what[1])) is not None:
            found.append((what[1], before, not _is_free(before)))
        return execute(text, *args, **more)

    def _is_free(table: str) -> bool:
        question = f"SELECT 1 FROM {table} WHERE user_id = %s FOR UPDATE NOWAIT"
        try:
            beside.execute(question, (alice.user_id,))  # type: ignore[arg-type]
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    with psycopg.connect(postgres_database_url, autocommit=True) as beside:
        monkeypatch.setattr(database.obj, "execute_sql", watched)
        yield found


def _check(services: Services, spotify: FakeSpotify, one: Connection, prefix: str) -> None:
    spotify.pages[f"access-{one.user_id}"] = listening(clock.now(), 50, minutes=1, prefix=prefix)
    Connection.update(access_expires_at=clock.now() + HOUR).execute()
    assert poll_now(services, one.user_id).calls


def _gaps(held: list[tuple[str, str, bool]]) -> set[bool]:
    return {was for written, _, was in held if written == "gaps"}


def test_a_check(
    services: Services, spotify: FakeSpotify, frozen: Frozen, alice: Connection,
    held: list[tuple[str, str, bool]],
) -> None:  # fmt: skip
    frozen.forward(minutes=70)
    _check(services, spotify, alice, "c")
    assert Gap.select().count() == 2
    assert {was for *_, was in held} == {True}
    assert _gaps(held) == {True}


@pytest.mark.parametrize("again", [False, True])
def test_another_account(
    frozen: Frozen, alice: Connection, held: list[tuple[str, str, bool]], again: bool
) -> None:
    for _ in range(1 + again):
        frozen.forward(minutes=70)
        held.clear()
        with transaction():
            other_account.attached(alice.user_id, clock.now())
    assert _gaps(held) == {True}
    assert {was for *_, was in held} == {True}


def _closed(user_id: int) -> None:
    gap = Gap.get()
    with transaction():
        closed_gaps.close_by_import(user_id, gap.started_at, gap.ended_at, import_id=9, added=())


def _opened_again(user_id: int) -> None:
    with transaction():
        closed_gaps.reopen(user_id, 9)


def _restored(user_id: int) -> None:
    at = clock.to_ms(clock.now() - 50 * HOUR)
    gap = {"from": at, "probably_from": at, "to": at + 1000, "cause": "paused", "opened_at": at,
           "certainty": "possible", "closed_at": None, "by_import": False,
           "recovered": 0}  # fmt: skip
    with transaction():
        restored.restore(user_id, {"coverage": [], "gaps": [gap]}, 9, ())


@pytest.mark.parametrize("act", [_closed, _opened_again, _restored])
def test_an_import(
    alice: Connection, held: list[tuple[str, str, bool]], act: Callable[[int], None]
) -> None:
    if act is _opened_again:
        _closed(alice.user_id)
        held.clear()
    act(alice.user_id)
    assert _gaps(held) == {True}
