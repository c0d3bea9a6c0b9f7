"""Many people at the live at once: the last places are given once each, and nobody is lost."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from audiospective import models
from audiospective.models import Connection, User
from audiospective.models.founding import FoundingRegister
from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, SandboxServer
from tests.fixtures import TOKEN_KEY
from tests.support.processes import free_port, start, stop, until

ROOT = Path(__file__).parents[3]
# Sixteen are served at once, the others wait in line; where writers wait, fewer say the same.
PEOPLE = {"sqlite": 50, "postgresql": 100}
PLACES = 3
CONNECTIONS = 8  # of a process to PostgreSQL


@pytest.fixture
def address(
    tmp_path: Path, database_url: str, redis_url: str, sandbox: SandboxServer
) -> Iterator[str]:
    """A site with three places left, of two processes with a thread for each of its connections.

    More threads would wait for one, fifteen seconds at most, which is little on a slow machine.
    """
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AUDIOSPECTIVE_HOME": str(tmp_path / "home"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "s" * 40,
        "TOKEN_KEYS": TOKEN_KEY,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "SPOTIFY_CLIENT_ID": CLIENT_ID,
        "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
        "SPOTIFY_ACCOUNTS_URL": sandbox.accounts_url,
        "SPOTIFY_API_URL": sandbox.api_url,
        "SPOTIFY_SEATS": "3000",
        "FOUNDING_MEMBER_CAP": str(PLACES),
        "TRUSTED_PROXIES": "1",
        "LOG_LEVEL": "ERROR",
    }
    server = start(
        [
            *(sys.executable, "-m", "gunicorn", "audiospective.app:create_app()"),
            *("--workers", "2", "--threads", str(CONNECTIONS), "--timeout", "120"),
            *("--bind", f"127.0.0.1:{port}"),
        ],
        cwd=ROOT,
        env=environment,
    )
    try:
        until(lambda: answers(environment["BASE_URL"]), "the site answers")
        models.bind(database_url)
        yield environment["BASE_URL"]
    finally:
        stop(server)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=60).ok
    except requests.RequestException:
        return False


def test_a_hundred_callbacks_for_three_places_make_three_founders(
    address: str, sandbox: SandboxServer, database_url: str
) -> None:
    count = PEOPLE[database_url.partition(":")[0]]
    people = sandbox.control.make_listeners(count)
    together = threading.Barrier(count)

    def arrive(listener: str) -> str:
        with requests.Session() as browser:
            browser.headers["Connection"] = "close"  # nobody waits at the barrier with a line open
            number = people.index(listener)  # each comes from an address of their own
            browser.headers["X-Forwarded-For"] = f"198.51.{number // 250}.{number % 250}"
            away = browser.get(f"{address}/connect", allow_redirects=False, timeout=400)
            back = sandbox.control.consent(away.headers["Location"], listener)
            together.wait(400)
            answer = browser.get(back, allow_redirects=False, timeout=400)
            if answer.status_code >= 400:
                return f"{answer.status_code}"
            page = browser.get(address + answer.headers["Location"], timeout=400)
            return f"{answer.headers['Location']} {page.status_code}"

    with ThreadPoolExecutor(count) as pool:
        seen = Counter(pool.map(arrive, people))

    assert seen == {"/welcome 200": PLACES, "/waitlist?why=full 200": count - PLACES}
    with models.database.connection_context():
        numbers = sorted(user.founding_number for user in User.select())
        assert numbers == [1, 2, 3]
        assert Connection.select().count() == PLACES
        assert FoundingRegister.taken() == PLACES
