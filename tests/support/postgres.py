"""A private PostgreSQL for the tests: its own cluster in its own directory on a free port."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import ExecStatus, PGconn

from tests.support.processes import free_port, start, stop, unprivileged, until

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # the machine may lose this cluster, the tests may not lose their time
    "full_page_writes": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "timezone": "Asia/Kathmandu",  # +05:45: whatever forgets about zones shows
}


class Postgres:
    """A running server, and databases made in it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._line: PGconn | None = None

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://archive@127.0.0.1:{self.port}/{name}"

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or as a copy of another; returns its name."""
        name = next(self._names)
        # As files: to log every page of it first takes half as long again.
        copied = sql.SQL("TEMPLATE {}").format(sql.Identifier(template or "template0"))
        if template and self._connected().server_version >= 150_000:
            copied = sql.SQL("{} STRATEGY FILE_COPY").format(copied)
        self._run(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), copied))
        return name

    def create_in(self, encoding: str) -> str:
        """Make an empty database in another encoding; returns its name."""
        name = next(self._names)
        self._run(
            sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Remove a database, also from under connections that a test left open."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def hang_up(self) -> None:
        """Close the line over which databases are made and removed."""
        if self._line:
            self._line.finish()

    def _run(self, statement: sql.Composed) -> None:
        """Over one line for the whole run: a new one costs a third of a copy of the database.

        It is libpq's own, so that nobody takes it for a connection that a test left open.
        """
        done = self._connected().exec_(statement.as_bytes())
        assert done.status == ExecStatus.COMMAND_OK, done.error_message.decode()

    def _connected(self) -> PGconn:
        self._line = self._line or PGconn.connect(self.url().encode())
        return self._line


def binaries() -> Path:
    """The directory of `initdb` and `postgres`: newest of Debian's, pg_config's, or on PATH."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        places.append(Path(told.stdout.strip()))
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    places += sorted(Path("/opt/homebrew/opt").glob("postgresql*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise RuntimeError("PostgreSQL is not installed: run `make test`, it installs what is missing")


@contextmanager
def running(*options: str) -> Iterator[Postgres]:
    """A server for as long as the block lasts; nothing of it is left afterwards.

    `options` are more of initdb's.
    """
    # Not under pytest's own directory: that one is closed to the account PostgreSQL runs as.
    home = Path(tempfile.mkdtemp(prefix="audiospective-postgres-"))
    account = unprivileged()
    if account:
        os.chown(home, account["user"], account["group"])
    data, log, port = home / "data", home / "log", free_port()
    try:
        made = subprocess.run(
            [
                *(binaries() / "initdb", "--pgdata", data, "--username", "archive"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C"),
                *("--no-sync", "--no-instructions", *options),
            ],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            **account,
        )
        assert made.returncode == 0, f"initdb failed: {made.stdout}{made.stderr}"
        settings = [f"--{name}={value}" for name, value in OPTIONS.items()]
        with log.open("wb") as output:
            server = start(
                [str(binaries() / "postgres"), "-D", str(data), "-p", str(port), *settings],
                cwd=home,
                stdout=output,
                stderr=output,
                **account,
            )
        try:
            postgres = Postgres(port)
            until(lambda: _answers(postgres, server, log), "PostgreSQL answers", seconds=60)
            yield postgres
            postgres.hang_up()
        finally:
            stop(server, sign=3)  # SIGQUIT: at once, nothing here is worth a clean end
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _answers(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> bool:
    assert server.poll() is None, f"PostgreSQL ended at its start: {log.read_text()}"
    try:
        psycopg.connect(postgres.url(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this test run."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """The server's own, empty database; for tests that only need PostgreSQL to talk to."""
    return postgres.url()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres, migrate: Callable[[str], None]) -> str:
    """Name of a database with every migration applied, to be copied by each test."""
    name = postgres.create()
    migrate(postgres.url(name))
    return name


@pytest.fixture
def postgres_database_url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    name = postgres.create(template=migrated_postgres)
    yield postgres.url(name)
    postgres.drop(name)
