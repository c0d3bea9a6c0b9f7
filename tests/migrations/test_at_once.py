"""Two releases that migrate at once: the second waits until the first is done."""

from __future__ import annotations

import errno
import fcntl
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from audiospective import models
from audiospective.models import database, migrations
from tests.support.postgres import Postgres
from tests.support.processes import until

HOLDERS = "SELECT granted FROM pg_locks WHERE locktype = 'advisory' ORDER BY granted"


def test_on_sqlite_the_second_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = os.open(tmp_path, os.O_RDONLY)
    tried = []

    class Runner:
        def up(self, _: str | None) -> list[str]:
            with pytest.raises(BlockingIOError):
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried.append(True)
            return ["0001_initial"]

    monkeypatch.setattr(migrations, "_runner", Runner)
    models.bind(f"sqlite:///{tmp_path}/archive.db")
    try:
        assert models.migrate() == ["0001_initial"]
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(second)
    assert tried


def test_on_a_disk_that_locks_no_folder_it_migrates_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Runner:
        def up(self, _: str | None) -> list[str]:
            return ["0001_initial"]

    def refuses(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")  # as NFS says it

    monkeypatch.setattr(migrations, "_runner", Runner)
    monkeypatch.setattr(fcntl, "flock", refuses)
    models.bind(f"sqlite:///{tmp_path}/archive.db")
    assert models.migrate() == ["0001_initial"]


def test_on_postgresql_time_outs_of_a_host_end_neither_the_wait_nor_the_lock(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres.create()
    watching = psycopg.connect(postgres.url(), autocommit=True)
    for setting in ("lock_timeout", "idle_in_transaction_session_timeout"):
        watching.execute(f'ALTER DATABASE "{name}" SET {setting} = 1000')

    def held_and_awaited() -> bool:
        return watching.execute(HOLDERS).fetchall() == [(False,), (True,)]

    class Runner:
        def up(self, _: str | None) -> list[str]:
            waiting.append(another.submit(wait))
            until(held_and_awaited, "another release waits")
            database.execute_sql("SELECT pg_sleep(1.3)")
            assert (True,) in watching.execute(HOLDERS).fetchall()
            assert not waiting[0].done()
            return ["0001_initial"]

    def wait() -> None:
        with migrations._only_one_release():
            pass

    monkeypatch.setattr(migrations, "_runner", Runner)
    waiting: list[Future[None]] = []
    models.bind(postgres.url(name))
    with ThreadPoolExecutor(1) as another:
        assert models.migrate() == ["0001_initial"]
        waiting[0].result(60)
    watching.close()
    postgres.drop(name)


def test_on_postgresql_who_waits_keeps_no_connection_idle(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`idle_session_timeout` or a pooler would end it, and with it the start."""
    name = postgres.create()

    class Runner:
        def up(self, _: str | None) -> list[str]:
            return ["0001_initial"]

    monkeypatch.setattr(migrations, "_runner", Runner)
    models.bind(postgres.url(name))
    watching = psycopg.connect(postgres.url(), autocommit=True)
    earlier = psycopg.connect(postgres.url(name))
    earlier.execute("SELECT pg_advisory_xact_lock(%s)", (migrations._LOCK,))
    others = "SELECT state FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
    with ThreadPoolExecutor(1) as later:
        waiting = later.submit(models.migrate)
        until(lambda: (False,) in watching.execute(HOLDERS).fetchall(), "it waits")
        found = watching.execute(others, (name, earlier.info.backend_pid)).fetchall()
        earlier.close()
        assert waiting.result(60) == ["0001_initial"]
    assert found in ([("active",)], [])  # between two tries it has none
    watching.close()
    postgres.drop(name)
