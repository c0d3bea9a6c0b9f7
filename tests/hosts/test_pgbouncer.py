"""PostgreSQL behind PgBouncer, as hosts with few connections offer it."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import requests

from audiospective import models
from audiospective.models import migrations
from audiospective.operations.doctor import pooler
from audiospective.operations.doctor.finding import Finding
from audiospective.services import Services
from tests.hosts.deployment import audiospective, pages
from tests.jobs.stack import running
from tests.support import losses, pgbouncer
from tests.support.postgres import Postgres
from tests.support.processes import until


@pytest.mark.races
def test_pages_and_polls_work_whichever_server_connection_they_meet(
    postgres_database_url, redis_url, tmp_path
):
    with (
        pgbouncer.running(postgres_database_url) as url,
        running(url, redis_url, tmp_path / "home") as stack,
        pages(stack, tmp_path / "web") as port,
        ThreadPoolExecutor(12) as visitors,
    ):
        stack.people(30)
        worker = stack.start("worker.py")
        stack.enqueue_batch()
        paths = ("/", "/sign-in", "/waitlist") * 50
        found = visitors.map(
            lambda path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=60).status_code,
            paths,
        )
        assert set(found) == {200}
        until(lambda: stack.polled() == 30, "all 30 are polled through the pooler")
        assert worker.poll() is None
        losses.none_of(stack.plays() != 150 and f"{stack.plays()} plays")


@pytest.mark.races
def test_more_releases_at_once_than_the_pooler_has_connections_wait_for_each_other_and_end(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LIMITED", "SET LOCAL lock_timeout = 200")
    monkeypatch.setattr(migrations, "_PAUSE", 0.1)
    name = postgres.create()

    def migrates(_number: int) -> None:
        with migrations._only_one_release(), psycopg.connect(url, connect_timeout=30) as own:
            own.execute("SELECT 1")

    with pgbouncer.running(postgres.url(name)) as url, ThreadPoolExecutor(5) as releases:
        models.bind(url)
        assert list(releases.map(migrates, range(5), timeout=60)) == [None] * 5
    postgres.drop(name)


@pytest.mark.races
def test_two_releases_through_the_pooler_migrate_once(postgres: Postgres, redis_url, tmp_path):
    empty = postgres.url(postgres.create())
    with (
        pgbouncer.running(empty) as url,
        running(url, redis_url, tmp_path / "home") as stack,
        ThreadPoolExecutor(2) as releases,
    ):
        done = list(releases.map(lambda _: audiospective(stack, "migrate"), range(2)))
        assert [status for status, _, _ in done] == [0, 0]
        said = sorted(out.splitlines()[0] for _, out, _ in done)
        assert said == ["The database is up to date.", "applied 0001_initial"]
        # No lock stays behind in the pooler's connections.
        assert audiospective(stack, "migrate")[0] == 0


MODES = [
    ("transaction", "transaction mode", "ok"),
    ("session", "session mode", "note"),
    ("statement", "statement mode", "FAULT"),
]


@pytest.mark.parametrize("told", [True, False], ids=["console", "behaviour"])
@pytest.mark.parametrize(("mode", "said", "mark"), MODES, ids=[mode for mode, _, _ in MODES])
def test_the_doctor_names_the_mode(
    postgres_database_url, services, mode: str, said: str, mark: str, told: bool
):
    admin = urlsplit(postgres_database_url).username if told else ""
    with pgbouncer.running(postgres_database_url, mode, admin or "") as url:
        found = examined(services, url)
        assert said in found.state
        assert ("as it behaves" in found.state) is not told
        assert mark == ("ok" if not found.advice else "FAULT" if found.serious else "note")


def test_a_connection_that_is_closed_as_it_is_cut_off_is_no_fault():
    one, other = socket.socketpair()
    with one, other:
        pooler.cut_off(one)
        assert other.recv(1) == b""
    pooler.cut_off(one)


def test_the_doctor_names_what_a_pooler_drops(postgres_database_url, services):
    asked = "?options=-c%20search_path%3Dlistening%20-c%20statement_timeout%3D0"
    with pgbouncer.running(postgres_database_url) as url:
        found = examined(services, url + asked)
        assert "it drops search_path of DATABASE_URL" in found.state
        assert (found.serious, "ALTER ROLE" in found.advice) == (False, True)
    assert "none in between" in examined(services, postgres_database_url).state


def test_a_setting_that_is_in_force_is_not_dropped_however_it_is_written(
    postgres_database_url, services
):
    name = urlsplit(postgres_database_url).path[1:]
    with psycopg.connect(postgres_database_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 30000')
    asked = "-c statement_timeout=30000 --statement-timeout=30s -c no_such=1 -c search_path=o'brien"
    with pgbouncer.running(postgres_database_url) as url:
        found = examined(services, f"{url}?options={quote(asked)}")
    assert "one in between" in found.state
    assert "it drops no_such, search_path of DATABASE_URL" in found.state


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ("-c a=1 --b-c=2 -cd=3", [("a", "1"), ("b_c", "2"), ("d", "3")]),
        ("-c search_path=my-cool,x--y", [("search_path", "my-cool,x--y")]),
        (r"-c a=two\ words -c b=c:\\d", [("a", "two words"), ("b", r"c:\d")]),
        ("-c a=it's -c b=2", [("a", "it's"), ("b", "2")]),
        ("-c a=1\\", [("a", "1")]),
        ("-e -c a", []),
    ],
)
def test_options_are_read_as_postgresql_reads_them(options: str, given: list[tuple[str, str]]):
    assert pooler._given(options) == given


def examined(services: Services, url: str) -> Finding:
    """What the doctor says of the pooler at `url`."""
    models.bind(url)
    try:
        return pooler.look(replace(services, settings=replace(services.settings, database_url=url)))
    finally:
        models.database.close()
