"""An import whose web process and workers are killed outright, again and again."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from audiospective import clock, history, models
from audiospective.accounts import sessions
from audiospective.app import create_app
from audiospective.imports import rounds
from audiospective.models import User
from audiospective.models.imports import (
    COMMITTING,
    DONE,
    READING,
    REVIEW,
    UNDOING,
    UNDONE,
    UPLOADING,
    WORK,
    Import,
    ImportFile,
)
from audiospective.policy.sessions import SPOTIFY
from tests.factories import make_user
from tests.hosts.deployment import pages
from tests.imports.importing import month, spotify_file, spotify_row
from tests.jobs.stack import Stack, kill, running, until
from tests.support import losses

CONTENT = spotify_file(
    *month(), *(spotify_row("2024-03-05T13:00:00Z", song=song) for song in range(20_000))
)["endsong_0.json"]
CHUNK = 4 << 20


@pytest.fixture
def stack(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    with running(database_url, redis_url, tmp_path / "home") as built:
        yield built


class Browser:
    """Alice's, on one process of the site after the other."""

    def __init__(self, stack: Stack, user: User) -> None:
        app = create_app(stack.services.settings)
        models.database.initialize(stack.services.database)  # the application has one of its own
        serializer: Any = app.session_interface
        told = {"_user_id": sessions.begin(user, SPOTIFY, "Test browser"), "_fresh": True,
                "_permanent": True}  # fmt: skip
        self.http = requests.Session()
        self.http.cookies.set(
            app.config["SESSION_COOKIE_NAME"],
            serializer.get_signing_serializer(app).dumps(told),
            domain="127.0.0.1",
        )

    def visit(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        page = self.http.get(f"{self.base}/imports", timeout=60)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token, page.text[:500]
        self.http.headers["X-CSRFToken"] = token[1]

    def post(self, path: str, data: Any = None) -> requests.Response:
        return self.http.post(f"{self.base}{path}", data=data, timeout=60, allow_redirects=False)

    def announce(self) -> Any:
        told = {"name": "endsong_0.json", "size": len(CONTENT), "stamp": "s"}
        answer = self.post("/imports/uploads", told)
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        return answer.json()

    def send(self, told: Any, most: int = 100) -> int:
        """At most so many pieces; the bytes that have arrived."""
        at: int = told["files"][0]["received"]
        for _ in range(most):
            if at >= len(CONTENT):
                break
            piece = CONTENT[at : at + CHUNK]
            answer = self.post(f"{told['files'][0]['url']}?offset={at}", piece)
            at = answer.json()["received"]
        return at


def worked(stack: Stack, before: str, after: str, wait: float) -> None:
    """A worker is killed some time after it took the import, the next one gets through."""
    for patience in (wait, None):
        worker = stack.start("worker.py", "bulk")
        Import.update(lease_until=clock.EPOCH, attempts=0).where(Import.status.in_(WORK)).execute()
        rounds.recover(stack.services)
        if patience is None:
            until(lambda: Import.get().status == after, f"{before} becomes {after}")
            kill(worker)
            return
        horse = until(partial(_job, stack, worker, after), "a job")
        with suppress(AssertionError):
            until(lambda: Import.get().status == after, "the end", patience)
        if isinstance(horse, int) and not isinstance(horse, bool):
            with suppress(ProcessLookupError):
                os.kill(horse, signal.SIGKILL)
        kill(worker)
        assert Import.get().status in (before, after)


def _job(stack: Stack, worker: Any, after: str) -> int | bool:
    return stack.horse(worker) or Import.get().status == after


@pytest.mark.races
@pytest.mark.parametrize("wait", [0.4])
def test_an_import_goes_on_whoever_is_killed(stack: Stack, tmp_path: Path, wait: float) -> None:
    alice = make_user("alice")
    browser = Browser(stack, alice)
    assert len(CONTENT) > 3 * CHUNK
    with pages(stack, tmp_path / "one", "--workers", "1") as port:
        browser.visit(port)
        assert browser.send(browser.announce(), 1) == CHUNK
        # In the middle of a request: half a piece has come when the whole site is gone.
        _kill_web(port, browser)
    with pages(stack, tmp_path / "two", "--workers", "1") as port:
        browser.visit(port)
        told = browser.announce()
        assert told["files"][0]["received"] == CHUNK
        assert browser.send(told) == len(CONTENT)
        assert Import.get().status == UPLOADING
        assert browser.post(told["arrived"]).status_code == 200
        kept = stack.services.storage
        arrived = b"".join(kept.get(one.key) for one in kept.list("imports"))
        losses.none_of(arrived != CONTENT and "what arrived is not what was sent")
        worked(stack, READING, REVIEW, wait)
        losses.none_of(history.total(alice.id))
        assert browser.post("/imports/1/agree").status_code == 303
        worked(stack, COMMITTING, DONE, wait)
        row = Import.get()
        parts = (row.added, row.matched, row.skipped, row.rejected)
        losses.none_of(not sum(parts) == row.rows == 20_056 and (row.rows, *parts))
        losses.none_of(history.total(alice.id) != row.added and "other plays than were told")
        assert browser.post("/imports/1/undo").status_code == 303
        worked(stack, UNDOING, UNDONE, wait)
    losses.none_of(history.total(alice.id))
    rounds.tidy(stack.services)
    assert not list(stack.services.storage.list("imports"))
    assert Import.select().count() == ImportFile.select().count() == 1
    assert not list((stack.services.settings.home / "scratch").glob("*"))


def _kill_web(port: int, browser: Browser) -> None:
    """Every process of the site, while it takes a piece."""

    def half() -> Iterator[bytes]:
        yield CONTENT[CHUNK : CHUNK + 100_000]
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if f"127.0.0.1:{port}".encode() in path.read_bytes():
                    os.kill(int(path.parent.name), signal.SIGKILL)
        yield CONTENT[CHUNK + 100_000 : 2 * CHUNK]

    with pytest.raises(requests.RequestException):
        browser.post(f"/imports/1/files/0?offset={CHUNK}", half())
