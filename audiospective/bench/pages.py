"""`bench pages`: pages of two long archives as they are deployed, next to one that does nothing.

One module although it is long: what is measured and how it is told follow one list of pages.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

from flask import Flask

from audiospective import clock, history, models
from audiospective.app import create_app
from audiospective.bench import long_archives, servers, website
from audiospective.bench.measuring import Echo, p95, seconds
from audiospective.bench.website import Visitor, Website
from audiospective.history import recent_plays
from audiospective.history.catalog import lookup
from audiospective.models import database, dialects
from audiospective.settings import Settings
from audiospective.stats import tops

LIMITS = {200_000: 150, 1_000_000: 500}  # ms that the p95 of a warm page stays under
PEAKS = {200_000: 300, 1_000_000: 430}  # MB that a process which showed every page stays under
QUERIES = 12  # of a page, at most
DEPTHS = (0.0, 0.25, 0.5, 0.75, 0.99)  # of the history, from the newest play back
NEW_PLAYS = 5  # after each of which a page is opened
PAUSE = 0.05  # seconds from one poll to the next, twenty times as often as a thousand members'


@dataclass(frozen=True)
class Timed:
    """One page, in milliseconds: `warm` is the p95, `used` the processor time of a warm one.

    `cold` and `cold_used` are the first one of a new process, `new` and `new_used` the slowest and
    the mean first one after a new play.
    """

    warm: float
    used: float
    cold: float
    cold_used: float
    new: float
    new_used: float
    queries: int


def run(echo: Echo, *, small: bool, url: str, file: Path | None = None) -> None:
    """Fill an empty database, or take what `file` keeps, and time pages for a visitor."""
    if file is None:
        long_archives.fill(echo, small=small)
    else:
        long_archives.kept(file, url, echo, small=small)
    with servers.queue() as queue, website.home(url, queue) as settings:
        app = create_app(Settings.from_env(settings))
        for user_id in long_archives.listeners():
            long_archives.connect(app.extensions["audiospective"], user_id)
            _life(echo, settings, app, user_id, 5 if small else 40)


def _life(echo: Echo, settings: dict[str, str], app: Flask, user_id: int, times: int) -> None:
    plays = recent_plays.total(user_id)
    pages = addresses(user_id)
    with website.running(settings, app, user_id) as site:
        hello = _warm(site, website.HELLO, times)
        echo(
            f"{plays:,} plays; a page that does nothing: p95 {hello[0]:.1f} ms,"
            f" {hello[1]:.1f} ms of processor time; all in ms:"
        )
        echo(
            f"  {'':<24}{'warm p95':>9}{'CPU':>7}{'cold':>8}{'CPU':>7}{'new play':>9}{'CPU':>7}"
            "  queries"
        )
        found = {}
        for name, address in pages.items():
            found[name] = _timed(settings, app, site, user_id, address, times)
            one = found[name]
            echo(
                f"  {name:<24}{one.warm:9.1f}{one.used:7.1f}{one.cold:8.0f}{one.cold_used:7.0f}"
                f"{one.new:9.0f}{one.new_used:7.0f}  {one.queries:7}"
            )
        _depths(echo, site, user_id, times)
        with _polling(settings["DATABASE_URL"], long_archives.other()):
            busy = {name: _warm(site, address, times)[0] for name, address in pages.items()}
        memory = site.peak_mb()
    _judged(echo, plays, found, busy, memory)


def _judged(
    echo: Echo, plays: int, found: dict[str, Timed], busy: dict[str, float], memory: float
) -> None:
    size = next((size for size in LIMITS if abs(size - plays) < size / 100), None)
    words = f", the limit is {LIMITS[size]} ms" if size else ""
    bound = f", the limit is {PEAKS[size]} MB" if size else ""
    slowest = max(found, key=lambda name: found[name].warm)
    polled = max(busy, key=lambda name: busy[name])
    cold = max(found, key=lambda name: found[name].cold)
    new = max(found, key=lambda name: found[name].new)
    many = max(found, key=lambda name: found[name].queries)
    echo(f"  slowest warm p95: {slowest} {found[slowest].warm:.0f} ms{words}")
    echo(f"  while somebody is polled 20 times a second: {polled} {busy[polled]:.0f} ms")
    echo(
        f"  slowest cold: {cold} {found[cold].cold:.0f} ms;"
        f" after a new play: {new} {found[new].new:.0f} ms"
    )
    echo(f"  most queries: {many} {found[many].queries}, the limit is {QUERIES}")
    echo(f"  web process, after every page, peak {memory:.0f} MB{bound}")


def _timed(
    settings: dict[str, str], app: Flask, site: Website, user_id: int, address: str, times: int
) -> Timed:
    warm, used = _warm(site, address, times)
    with _other_port(settings) as apart, website.running(apart, app, user_id) as fresh:
        cold, cold_used = _first(fresh, address, lambda: None)
    news = [_first(site, address, lambda: _hear(user_id)) for _ in range(NEW_PLAYS)]
    return Timed(
        warm, used, cold, cold_used, max(wall for wall, _ in news),
        sum(cpu for _, cpu in news) / len(news), _queries(app, user_id, address),
    )  # fmt: skip


def _warm(site: Website, address: str, times: int) -> tuple[float, float]:
    """The p95, and the processor time of one, in ms; the first ones are not counted."""
    with _visitor(site) as visitor:
        for _ in range(2):
            visitor.get(address)
        began = site.processor()
        taken = seconds(lambda: visitor.get(address), times)
        return p95(taken) * 1000, (site.processor() - began) / times * 1000


def _first(site: Website, address: str, change: Callable[[], None]) -> tuple[float, float]:
    """How long a page takes after `change`, and its processor time, in ms."""
    with _visitor(site) as visitor:
        change()
        began = site.processor()
        (taken,) = seconds(lambda: visitor.get(address))
        return taken * 1000, (site.processor() - began) * 1000


def _depths(echo: Echo, site: Website, user_id: int, times: int) -> None:
    instants = history.frame(user_id, columns=("played_at",))["played_at"].to_physical()
    found = []
    for depth in DEPTHS:
        before = int(instants[int((1 - depth) * (instants.len() - 1))])
        with _visitor(site) as visitor:
            address = f"/history?before={before}-1"
            visitor.get(address)
            taken = median(seconds(lambda a=address, v=visitor: v.get(a), times))  # type: ignore[misc]
            found.append(f"{depth:.0%} {taken * 1000:.0f}")
    echo(f"  history by depth, median ms: {', '.join(found)}")


@contextmanager
def _visitor(site: Website) -> Iterator[Visitor]:
    visitor = site.visitor()
    try:
        yield visitor
    finally:
        visitor.close()


@contextmanager
def _other_port(settings: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same site once more, beside the one that runs."""
    with website.home(settings["DATABASE_URL"], settings["REDIS_URL"]) as other:
        keys = ("SECRET_KEY", "TOKEN_KEYS")
        yield {**other, **{key: settings[key] for key in keys}}


def _hear(user_id: int) -> None:
    long_archives.listen(user_id, clock.to_ms(clock.now()))


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
        "dashboard, all time": "/dashboard?period=all",
        "history": "/history",
        "history, half way down": f"/history?before={middle}-1",
        "history, one month": f"/history/{year}-05",
        "search for a word": f"/history?q={word}",
        "search with filters": "/history?source=file&least=60&skipped=no",
        "track": f"/tracks/{most['track']}",
        "artist": f"/artists/{most['artist']}",
        "album": f"/albums/{most['album']}",
        "recordings": "/settings/recordings",
        "reports": "/reports",
        "report of a week": f"/reports/{year}-W20",
        "report of a year": f"/reports/{year}",
        "report of all time": "/reports/all",
        "health": "/health",
    }


def _queries(app: Flask, user_id: int, address: str) -> int:
    """How many statements a warm page costs, in this process."""
    browser = app.test_client()
    name, _, value = website.cookie(app, user_id).partition("=")
    base = app.extensions["audiospective"].settings.base_url
    browser.set_cookie(name, value, domain=website.HOST)
    found = []
    for _ in range(3):  # the first fills caches, and once a while a visit is noted
        with _counted() as statements:
            answer = browser.get(address, base_url=base)
        if answer.status_code != 200:
            raise website.NotAnsweredError(f"{address} answers {answer.status}")
        found.append(len(statements))
    return min(found)


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
    with subprocess.Popen(command) as child:
        try:
            yield
            if child.poll() is not None:
                raise RuntimeError("the polls have ended by themselves")
        finally:
            child.terminate()


def _poll(url: str, user_id: int) -> None:
    models.bind(url)
    at, never = clock.to_ms(clock.now()), Event()
    with database.connection_context():
        while not never.wait(PAUSE):
            at += int(timedelta(minutes=3) / timedelta(milliseconds=1))
            long_archives.listen(user_id, at)


if __name__ == "__main__":
    _poll(sys.argv[1], int(sys.argv[2]))
