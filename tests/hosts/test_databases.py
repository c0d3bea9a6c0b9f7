"""Databases that cannot be used, said in one line by whatever meets them first."""

from __future__ import annotations

import psycopg
import pytest

from tests.hosts.deployment import audiospective
from tests.jobs.stack import running
from tests.support.postgres import Postgres


@pytest.fixture
def stack(sqlite_database_url, redis_url, tmp_path):
    with running(sqlite_database_url, redis_url, tmp_path / "home") as built:
        yield built


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_utf8_is_refused_before_anything_is_written(
    stack, postgres: Postgres, encoding: str
) -> None:
    url = postgres.url(postgres.create_in(encoding))
    for _ in range(2):  # the second run must not find the first one's half
        status, _, said = audiospective(stack, "migrate", DATABASE_URL=url)
        assert status == 3
        assert said.startswith(f"Error: the database's encoding is {encoding}; make one with:")
        assert len(said.splitlines()) == 1
    with psycopg.connect(url) as connection:
        (tables,) = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() or (None,)
    assert tables == 0
    status, out, _ = audiospective(stack, "doctor", DATABASE_URL=url)
    assert status == 1
    assert f"FAULT Database: the database's encoding is {encoding}" in out


def test_rights_that_postgresql_15_no_longer_gives_are_named(stack, postgres: Postgres) -> None:
    name = postgres.create()
    with psycopg.connect(postgres.url(name), autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS guest")
        owner.execute("CREATE ROLE guest LOGIN")
    url = postgres.url(name).replace("archive@", "guest@")
    status, _, said = audiospective(stack, "migrate", DATABASE_URL=url)
    assert status == 3
    assert "GRANT CREATE ON SCHEMA public" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"DATABASE_URL": "postgres://u:p4ss@127.0.0.1:1/x"}, 3, "the database cannot be used"),
        ({"AUDIOSPECTIVE_HOME": "/proc/nowhere"}, 5, "/proc/nowhere cannot be used"),
        ({"REDIS_URL": "redis://:pa/ss@127.0.0.1:6379/0"}, 2, "REDIS_URL"),
        ({"REDIS_URL": "redis://:pa#ss@127.0.0.1:6379/0"}, 2, "REDIS_URL"),
        ({"DATABASE_URL": "postgres://u:pa/ss@127.0.0.1/x"}, 2, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "sqlite:////tmp/music #1/a.db"}, 2, "DATABASE_URL holds a bare #"),
        ({"SENTRY_DSN": "https://nothing"}, 2, "SENTRY_DSN must be a DSN"),
        ({"BASE_URL": "https://archive.example:port"}, 2, "BASE_URL cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_a_status_of_its_kind(
    stack, change, status, says
) -> None:
    code, _, said = audiospective(stack, "migrate", **change)
    assert (code, len(said.splitlines())) == (status, 1), said
    assert says in said
    assert "pa" not in said.replace("password", "").replace("part", "").replace("path", "")
    assert "p4ss" not in said


def test_a_home_with_odd_characters_is_the_home_that_is_used(stack, tmp_path) -> None:
    home = tmp_path / "music #1 ?100%"
    without = {"DATABASE_URL": "", "AUDIOSPECTIVE_HOME": str(home)}
    assert audiospective(stack, "migrate", **without)[0] == 0
    assert (home / "audiospective.db").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("music")] == [
        home.name
    ]
