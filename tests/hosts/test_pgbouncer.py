"""PostgreSQL behind PgBouncer in transaction mode, as hosts with few connections offer it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.hosts.deployment import audiospective, pages
from tests.jobs.stack import running
from tests.support import pgbouncer
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
        assert stack.plays() == 150


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
