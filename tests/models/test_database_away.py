"""Which errors say that the database is away, as the drivers of both databases raise them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from peewee import OperationalError, PeeweeException

from audiospective import models
from audiospective.models import dialects, migrations
from audiospective.models.database_away import NOTICED, Pool, noticing, says_away, says_full
from audiospective.operations.backup import source
from tests.support.processes import free_port

# Statements as text, which Peewee does not run by itself.
TEXTS: dict[str, Callable[[str], object]] = {
    "one": lambda table: dialects.run(f"INSERT INTO {table} VALUES (?)", [1]),
    "many": lambda table: dialects.run_many(f"INSERT INTO {table} VALUES (?)", [[1], [2]]),
    "rows": lambda table: dialects.load(table, [[1], [2]]),
}


def failed(sql: str) -> PeeweeException:
    with pytest.raises(PeeweeException) as caught:
        models.database.execute_sql(sql)
    return caught.value


@pytest.fixture
def server(postgres_url: str) -> Iterator[Any]:
    models.bind(postgres_url)
    with models.database.connection_context():
        yield models.database


def notices_soon(connection: Any) -> bool:
    """Whether a connection to a server that vanished ends within a minute."""
    told = connection.info.get_parameters()
    idle, interval, count = (
        int(told.get(f"keepalives_{name}", 3600)) for name in ("idle", "interval", "count")
    )
    return idle + interval * count <= 60 and 0 < int(told.get("tcp_user_timeout", 0)) <= 60_000


@pytest.mark.parametrize(
    ("state", "away"),
    [
        ("08006", True),  # the connection broke
        ("40P01", True),  # a deadlock
        ("53300", True),  # too many connections
        ("57P01", True),  # the server is told to stop
        ("57P03", True),  # it is starting
        ("57P02", True),  # it crashed
        ("57014", False),  # a statement took too long, or was cancelled
        ("53100", False),  # the disk is full
        ("55P03", True),  # a lock did not come
        ("25006", True),  # this server has become a copy
        ("25P02", False),  # a statement after one that failed
        ("42P01", False),  # no such table
        ("54001", False),  # a statement too complex
        ("23505", False),  # a row that is there already
        ("XX000", False),
    ],
)
def test_a_state_of_postgresql_says_whether_it_passes(
    server: object, state: str, away: bool
) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = '{state}'; END $$"
    assert says_away(failed(raised)) is away


def test_a_full_disk_of_the_server_is_told_apart(server: object) -> None:
    raised = "DO $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = '53100'; END $$"
    assert says_full(failed(raised))
    assert not says_full(failed("SELECT * FROM nowhere"))


def test_a_full_disk_under_sqlite_is_told_apart(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        models.database.execute_sql("CREATE TABLE numbers (one BLOB)")
        models.database.execute_sql("PRAGMA max_page_count = 2")
        error = failed("INSERT INTO numbers VALUES (randomblob(100000))")
        assert says_full(error)
        assert not says_away(error)
        assert not says_full(failed("SELECT * FROM nowhere"))


def test_a_connection_that_was_cut_is_away(server: Any) -> None:
    (pid,) = server.execute_sql("SELECT pg_backend_pid()").fetchone()
    assert says_away(failed(f"SELECT pg_terminate_backend({pid})"))
    assert says_away(failed("SELECT 1"))  # and it stays closed


@pytest.mark.parametrize("text", TEXTS)
def test_so_it_is_for_statements_as_text(server: Any, text: str) -> None:
    server.execute_sql("CREATE TEMPORARY TABLE numbers (one INTEGER)")
    TEXTS[text]("numbers")
    with pytest.raises(PeeweeException) as missing:
        TEXTS[text]("nowhere")
    (pid,) = server.execute_sql("SELECT pg_backend_pid()").fetchone()
    failed(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(PeeweeException) as cut:
        TEXTS[text]("numbers")
    assert [says_away(missing.value), says_away(cut.value)] == [False, True]


def test_an_error_that_comes_with_a_later_row_is_peewees(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    query = "SELECT abs(value) FROM json_each('[1, -9223372036854775808]')"
    with models.database.connection_context(), pytest.raises(PeeweeException):
        dialects.rows_of(query)


def test_rows_keep_what_the_driver_said_of_an_error(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    with models.database.connection_context(), pytest.raises(OperationalError) as caught:
        dialects.rows_of("SELECT 1 FROM nowhere")
    assert isinstance(caught.value.orig, sqlite3.Error)
    assert not says_away(caught.value)


@pytest.mark.parametrize(
    ("state", "away", "full"),
    [
        ("58030", False, False),
        ("57014", False, False),
        ("53100", False, True),
        ("40P01", True, False),
    ],
)
def test_rows_tell_a_server_that_is_away_from_other_errors(
    server: object, state: str, away: bool, full: bool
) -> None:
    dialects.run(
        "CREATE FUNCTION pg_temp.odd() RETURNS int LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = '{state}'; END $$"
    )
    with pytest.raises(PeeweeException) as caught:
        dialects.rows_of("SELECT pg_temp.odd()")
    assert (says_away(caught.value), says_full(caught.value)) == (away, full)


def test_a_deadlock_of_a_statement_as_text_is_away(server: object) -> None:
    raised = "DO $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = '40P01'; END $$"
    with pytest.raises(OperationalError) as caught:
        dialects.run(raised)
    assert says_away(caught.value)


def test_a_server_that_is_not_there_is_away() -> None:
    models.bind(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    assert says_away(failed("SELECT 1"))


def test_a_pool_that_is_full_is_a_database_that_is_away(postgres_url: str) -> None:
    pool, found = Pool(postgres_url, max_connections=1, prefer_psycopg3=True), []

    def another() -> None:
        with pytest.raises(OperationalError) as caught:
            pool.connect()
        found.append(says_away(caught.value))

    pool.connect()
    thread = threading.Thread(target=another)
    thread.start()
    thread.join()
    pool.close_all()
    assert found == [True]


def test_a_file_that_is_locked_or_not_there_is_away_and_a_missing_table_is_not(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    models.bind(sqlite_database_url)
    other = sqlite3.connect(tmp_path / "archive.db", isolation_level=None)
    with models.database.connection_context():
        models.database.execute_sql("CREATE TABLE numbers (one INTEGER)")
        models.database.execute_sql("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        assert says_away(failed("BEGIN IMMEDIATE"))
        for text in TEXTS.values():
            with pytest.raises(OperationalError) as caught:
                text("numbers")
            assert says_away(caught.value)
        other.close()
        assert not says_away(failed("SELECT * FROM nowhere"))
        assert not says_away(failed("SELEC 1"))
    models.bind(f"sqlite:///{tmp_path}/unmounted/archive.db")
    assert says_away(failed("SELECT 1"))


def test_a_server_that_vanished_is_noticed_within_a_minute(server: Any) -> None:
    """A failover sends no farewell: scheduler and pages would wait for it for up to two hours."""
    assert notices_soon(server.connection())


def test_so_it_is_while_releases_wait_for_each_other_and_in_a_backup(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, connect = [], psycopg.connect

    def noted(*args: Any, **options: Any) -> Any:
        made.append(connect(*args, **options))
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", noted)
    with migrations._only_one_release(), source.consistent(tmp_path):
        assert [notices_soon(one) for one in made] == [True, True]


def test_what_the_address_of_a_database_says_of_that_itself_counts() -> None:
    given = noticing("postgresql://a@b/c?keepalives_idle=5&tcp_user_timeout=1000")
    assert given == {"keepalives_interval": 10, "keepalives_count": 3}


def test_an_address_that_cannot_be_read_is_a_fault_of_the_connection_alone() -> None:
    address = "postgresql://a@b/c?schema=public"  # as other programs write it
    assert noticing(address) == NOTICED
    models.bind(address)


def test_a_server_that_became_a_copy_answers_and_takes_no_writes(
    postgres_database_url: str,
) -> None:
    for options, takes in (("", True), ("?options=-c%20default_transaction_read_only%3Don", False)):
        models.bind(f"{postgres_database_url}{options}")
        with models.database.connection_context():
            assert dialects.takes_writes() == takes
