"""`bench pages`: the heaviest pages of two long lives, next to a page that does nothing."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

from cryptography.fernet import Fernet

from audiospective import clock, history, models
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, p95, peak_mb, seconds
from audiospective.bench.scratch import member
from audiospective.history import append
from audiospective.history.catalog import lookup
from audiospective.models import User, database, dialects
from audiospective.policy.plays import AlbumFacts, ArtistFacts, Page, PolledPlay, TrackFacts
from audiospective.stats import tops

YEARS = 15.0
HELLO = "/healthz"  # the whole stack, and nothing behind it
LIMITS = {200_000: 150, 1_000_000: 500}  # ms that the p95 of a warm page stays under
BASE = "http://127.0.0.1:8000"
PAUSE = 0.05  # seconds from one poll to the next, twenty times as often as a thousand members'


def run(echo: Echo, *, small: bool, url: str) -> None:
    """Fill an empty database and time pages as a web process answers them."""
    sizes = (20_000,) if small else tuple(LIMITS)
    catalog = Catalog.of(10_000 if small else 120_000)
    catalog_rows(catalog)
    for number, plays in enumerate(sizes):
        user_id = archive(catalog, number, plays, YEARS, full=False)
        _report(echo, plays, "alone", _measured(url, user_id, small=small))
        with _polling(url, member(1_000 + number)):
            found = _measured(url, user_id, small=small)
        _report(echo, plays, "while another member is polled 20 times a second", found)


def _measured(url: str, user_id: int, *, small: bool) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "audiospective.bench.pages", url, str(user_id)]
    child = subprocess.run(
        [*command, "3" if small else "40"], capture_output=True, text=True, check=True
    )
    found: dict[str, list[float]] = json.loads(child.stdout)
    return found


def _report(echo: Echo, plays: int, how: str, found: dict[str, list[float]]) -> None:
    ((memory,), (hello, *_)) = found.pop("memory"), found.pop("hello")
    echo(f"{plays:,} plays, {how}; a page that does nothing: {hello:.1f} ms")
    for page, (warm, cold, queries) in found.items():
        echo(f"  {page:<28} p95 {warm:7.1f} ms  first {cold:8.1f} ms  {queries:.0f} queries")
    worst = max(warm for warm, _, _ in found.values())
    limit = LIMITS.get(plays)
    words = f", the limit is {limit}" if limit else ""
    echo(f"  worst p95 {worst:.0f} ms{words}; web process, peak {memory:.0f} MB")


def addresses(user_id: int) -> dict[str, str]:
    """The pages, by what they are called; the artist, album and track that were heard most."""
    plays = history.frame(user_id, columns=("played_at", "track"))
    most = {kind: int(tops.top(plays, kind, 1)["id"][0]) for kind in tops.KINDS}
    middle = clock.to_ms(plays["played_at"][plays.height // 2])
    named = lookup.tracks([most["track"]])[most["track"]]
    word = max(named.title.split(), key=len)
    year = plays["played_at"][-1].year - 1
    return {
        "dashboard": "/dashboard",
        "history": "/history",
        "history, half way down": f"/history?before={middle}-1",
        "history, one month": f"/history/{year}-05",
        "search for a word": f"/history?q={word}",
        "search with filters": "/history?source=file&least=60&skipped=no",
        "track": f"/tracks/{most['track']}",
        "artist": f"/artists/{most['artist']}",
        "album": f"/albums/{most['album']}",
        "recordings": "/settings/recordings",
        "report of a year": f"/reports/{year}",
        "report of all time": "/reports/all",
        "health": "/health",
    }


def _web_process(url: str, user_id: int, times: int) -> dict[str, list[float]]:
    """Times pages in a process that has the whole website loaded, like a gunicorn worker."""
    with _site(url, user_id) as get:
        found = {}
        hello = p95(seconds(lambda: get(HELLO), times)) * 1000
        with database.connection_context():
            asked = addresses(user_id)
        for page, address in asked.items():
            (cold,) = seconds(lambda address=address: get(address))  # type: ignore[misc]
            warm = p95(seconds(lambda address=address: get(address), times))  # type: ignore[misc]
            with _counted() as statements:
                get(address)
            found[page] = [warm * 1000, cold * 1000, len(statements)]
    return {**found, "hello": [hello], "memory": [peak_mb()]}


@contextmanager
def _site(url: str, user_id: int) -> Iterator[Callable[[str], None]]:
    """The application, and how its member opens a page."""
    from audiospective.accounts import sessions
    from audiospective.app import create_app
    from audiospective.settings import Settings

    with tempfile.TemporaryDirectory(prefix="audiospective-bench-") as home:
        settings = Settings.from_env(
            {
                "AUDIOSPECTIVE_HOME": home,
                "DATABASE_URL": url,
                "BASE_URL": BASE,
                "REDIS_URL": "redis://127.0.0.1:1",  # no page that is read asks it
                "SECRET_KEY": secrets.token_hex(32),
                "TOKEN_KEYS": Fernet.generate_key().decode(),
            }
        )
        app = create_app(settings)
        browser = app.test_client()
        with database.connection_context():
            key = sessions.begin(User.get_by_id(user_id), "spotify", "bench")
        with browser.session_transaction(base_url=BASE) as session:
            session["_user_id"] = key

        def get(address: str) -> None:
            answer = browser.get(address, base_url=BASE, headers={"Accept-Encoding": "gzip"})
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answers {answer.status}")

        yield get


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Every statement that reaches the database meanwhile."""
    found: list[str] = []
    run_text, execute = dialects.run, database.obj.execute_sql

    def text(query: str, values: Sequence[Any] = ()) -> Any:
        found.append(query)
        return run_text(query, values)

    def built(sql: str, *values: Any, **more: Any) -> Any:
        found.append(sql)
        return execute(sql, *values, **more)

    dialects.run, database.obj.execute_sql = text, built
    try:
        yield found
    finally:
        dialects.run, database.obj.execute_sql = run_text, execute


@contextmanager
def _polling(url: str, user_id: int) -> Iterator[None]:
    """Another process that stores pages of plays for another member meanwhile."""
    command = [sys.executable, "-m", "audiospective.bench.pages", url, str(user_id)]
    with subprocess.Popen([*command, "poll"]) as child:
        try:
            yield
            if child.poll() is not None:
                raise RuntimeError("the polls have ended by themselves")
        finally:
            child.terminate()


def _poll(url: str, user_id: int) -> None:
    models.bind(url)
    at, never = clock.to_ms(TODAY), Event()
    with database.connection_context():
        while not never.wait(PAUSE):
            at += int(timedelta(minutes=3) / timedelta(milliseconds=1))
            name = f"{at % 977:022}"
            facts = TrackFacts(
                name, name, artists=(ArtistFacts("a" * 22, "Polls"),),
                album=AlbumFacts("b" * 22, "Polls"), duration_ms=180_000,
            )  # fmt: skip
            page = Page((PolledPlay(at, facts),), offered=1)
            tracks = append.remember(page.plays)
            with models.transaction():
                append.page(user_id, page, tracks)


if __name__ == "__main__":
    if sys.argv[3] == "poll":
        _poll(sys.argv[1], int(sys.argv[2]))
    else:
        done = _web_process(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        sys.stdout.write(json.dumps(done))
