"""Each request gives its connection back, whatever refused it, and a broken one is replaced."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from audiospective.models import database
from tests.factories import make_user
from tests.support.processes import until
from tests.web.conftest import MakeSite, Site, Visitor

LARGE = b"x" * 40_000  # more than a stranger may send: who asks is looked up before anything else


@pytest.fixture
def pooled(make_site: MakeSite, postgres_database_url: str) -> Site:
    """A site whose threads share eight connections."""
    return make_site(database_url=postgres_database_url)


def without_token(visitor: Visitor) -> int:
    return visitor.post("/connection/check").status_code


def too_large(visitor: Visitor) -> int:
    return visitor.post("/connection/check", data=LARGE).status_code


@pytest.mark.parametrize("send", [without_token, too_large])
def test_a_request_that_is_refused_gives_its_connection_back(
    make_site: MakeSite, database_url: str, send: Any
) -> None:
    member = make_site(database_url=database_url).member(make_user())
    database.close()  # from here on each request opens one of its own
    assert send(member) == 400
    assert database.is_closed()


def test_refused_requests_on_as_many_threads_as_there_are_connections_leave_all_of_them(
    pooled: Site,
) -> None:
    user = make_user()
    members = [pooled.member(user) for _ in range(8)]
    database.close()
    answered, counted = threading.Barrier(9), threading.Barrier(9)
    found: list[int] = []

    def refused(member: Visitor) -> None:
        found.append(without_token(member))
        answered.wait(60)
        counted.wait(60)  # a thread of a server goes on, too

    threads = [threading.Thread(target=refused, args=(one,), daemon=True) for one in members]
    for thread in threads:
        thread.start()
    answered.wait(60)
    taken = len(database.obj._in_use)
    counted.wait(60)
    for thread in threads:
        thread.join(60)
    assert (found, taken) == ([400] * 8, 0)


def test_a_thread_goes_on_after_the_server_ended_its_connection(pooled: Site) -> None:
    member = pooled.member(make_user())
    database.close()
    too_large(member)
    with psycopg.connect(pooled.services.settings.database_url, autocommit=True) as operator:
        others = (
            "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        operator.execute(f"SELECT pg_terminate_backend(pid) {others}")
        until(lambda: not operator.execute(f"SELECT {others}").fetchall(), "they have ended")
    assert member.get("/settings/sessions").status_code == 200


def test_a_connection_that_a_request_was_brought_is_replaced_once_it_has_broken(
    pooled: Site,
) -> None:
    def cut() -> None:
        database.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    pooled.app.add_url_rule("/cut", "cut", cut)
    member = pooled.member(make_user())
    assert not database.is_closed()
    assert member.get("/cut").status_code == 503
    assert member.get("/settings/sessions").status_code == 200
