"""Many people at the door at once: the last places are given once each, and nobody is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from audiospective import models
from audiospective.app import create_app
from audiospective.models import Connection, User
from audiospective.models.founding import FoundingRegister
from audiospective.sandbox import SandboxServer
from tests.fixtures import make_settings
from tests.support.processes import free_port

PEOPLE = 500
PLACES = 3


@pytest.fixture
def address(
    tmp_path: Path, database_url: str, redis_url: str, sandbox: SandboxServer
) -> Iterator[str]:
    """A site that listens, with three places and three thousand seats, on each kind of database."""
    port = free_port()
    settings = make_settings(
        tmp_path / "home",
        database_url,
        redis_url,
        base_url=f"http://127.0.0.1:{port}",
        founding_member_cap=PLACES,
        spotify_seats=3000,
        spotify_accounts_url=sandbox.accounts_url,
        spotify_api_url=sandbox.api_url,
    )
    app = create_app(replace(settings))
    server = make_server("127.0.0.1", port, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield settings.base_url
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["audiospective"].redis.close()
    if hasattr(models.database.obj, "close_all"):
        models.database.obj.close_all()


def test_five_hundred_callbacks_for_three_places_make_three_founders(
    address: str, sandbox: SandboxServer
) -> None:
    people = sandbox.control.make_listeners(PEOPLE)
    together = threading.Barrier(PEOPLE)

    def arrive(listener: str) -> str:
        with requests.Session() as browser:
            away = browser.get(f"{address}/connect", allow_redirects=False, timeout=120)
            back = sandbox.control.consent(away.headers["Location"], listener)
            together.wait(120)
            answer = browser.get(back, allow_redirects=False, timeout=120)
            if answer.status_code >= 400:
                return f"{answer.status_code}"
            page = browser.get(address + answer.headers["Location"], timeout=120)
            return f"{answer.headers['Location']} {page.status_code}"

    with ThreadPoolExecutor(PEOPLE) as pool:
        seen = Counter(pool.map(arrive, people))

    assert seen == {"/welcome 200": PLACES, "/waitlist?why=full 200": PEOPLE - PLACES}
    with models.database.connection_context():
        numbers = sorted(user.founding_number for user in User.select())
        assert numbers == [1, 2, 3]
        assert Connection.select().count() == PLACES
        assert FoundingRegister.taken() == PLACES
