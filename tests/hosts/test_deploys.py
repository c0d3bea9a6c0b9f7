"""A deployment rehearsed whole: every process killed in turn, and a new release rolled out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.models.base import LONG_AGO
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.models.gaps import Gap
from audiospective.polling import plan
from tests.hosts.platform import Dyno, Platform, next_release, procfile
from tests.jobs.stack import ROOT, Stack, running
from tests.support import pgbouncer, proxy
from tests.support import redis as servers
from tests.support.processes import free_port, until

MEMBERS = 200
PAGES = ("/", "/healthz", "/status", "/sign-in")


@dataclass
class Visitors:
    """What those who look at pages got; a request that met a killed process has no status."""

    address: str
    seen: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def look(self, first: int) -> None:
        turn = first
        while not self.ended.wait(0.1):
            turn += 1
            try:
                page = requests.get(self.address + PAGES[turn % len(PAGES)], timeout=60)
                self.seen.append(page.status_code)
            except requests.RequestException:  # refused, or broken off in the middle
                self.seen.append(0)

    def errors(self) -> dict[int, int]:
        """What was not served since the last time this was asked: how many by status."""
        found, self.seen = Counter(self.seen), []
        assert found[200], "nobody looked"
        return {status: count for status, count in found.items() if not 200 <= status < 500}


@contextmanager
def looking(address: str, people: int = 3) -> Iterator[Visitors]:
    visitors = Visitors(address)
    with ThreadPoolExecutor(people) as pool:
        looks = [pool.submit(visitors.look, number) for number in range(people)]
        try:
            yield visitors
        finally:
            visitors.ended.set()
            for look in looks:
                look.result()


def interval(stack: Stack, people: list[str]) -> datetime:
    """The next interval begins: everybody has played twice more and falls due."""
    for name in people:
        stack.control.burst(name, 2)
    began = clock.now()
    stack.services.redis.delete(*stack.services.redis.keys("archive:*") or ["none"])
    Connection.update(next_poll_at=began).execute()
    plan.enqueue_due(stack.services)
    return began


def polled(since: datetime) -> int:
    return Connection.select().where(Connection.last_success_at >= since).count()


def all_polled(since: datetime) -> None:
    """Wait for the end of an interval."""
    until(lambda: polled(since) == MEMBERS, "everybody is polled", seconds=120)
    assert not Connection.select().where(Connection.consecutive_failures > 0).exists()


@pytest.mark.races
def test_every_dyno_dies_in_turn_and_a_release_is_rolled_out_and_no_play_is_lost(
    postgres_database_url: str, tmp_path: Path
) -> None:
    with ExitStack() as held:
        database = held.enter_context(pgbouncer.running(postgres_database_url))
        redis = held.enter_context(servers.running_tls(tmp_path / "tls"))
        ports = [free_port(), free_port()]
        router = held.enter_context(proxy.running(tmp_path / "router", *ports, scheme="http"))
        site = f"http://127.0.0.1:{router}"
        stack = held.enter_context(running(
            database, redis, tmp_path / "one-off", REDIS_TLS_VERIFY="off", BASE_URL=site,
            TRUSTED_PROXIES="1", WEB_CONCURRENCY="1", LOG_LEVEL="DEBUG",
        ))  # fmt: skip
        platform = held.enter_context(Platform(stack, tmp_path / "platform"))
        assert platform.release(ROOT) == "The database is up to date.\n"
        for kind in procfile(ROOT).keys() - {"release"}:
            for port in ports if kind == "web" else [0]:
                platform.boot(ROOT, kind, port)
        people = stack.people(MEMBERS)
        until(platform.is_up, "all dynos are up")
        web = [dyno for dyno in platform.dynos if dyno.kind == "web"]
        assert {len(dyno.processes()) for dyno in web} == {2}  # the master and WEB_CONCURRENCY
        visitors = held.enter_context(looking(site))

        # Every dyno is killed in turn while an interval is polled.
        began = interval(stack, people)
        until(lambda: polled(began) > MEMBERS // 5, "an interval is under way")
        for dyno in sorted(platform.dynos, key=_worker_first):
            assert dyno.killed() > 0
            if dyno.kind == "worker":  # it comes back last, when its claims have run out
                platform.dynos.remove(dyno)
                continue
            platform.replace(dyno, ROOT)
            until(platform.is_up, "the dyno is back")  # a platform has another web dyno meanwhile
        stack.let_leases_run_out()
        platform.boot(ROOT, "worker")
        plan.enqueue_due(stack.services)  # the next window: jobs that were taken and not begun
        all_polled(began)
        assert sum(visitors.errors().values()) <= 3 * len(
            web
        )  # each visitor's one request, with each kill

        secrets = comes_back(stack, site, people[0]) | kept_secret(stack)

        # A release: its migration while the old one serves, then dyno after dyno.
        began = interval(stack, people)
        new = next_release(tmp_path / "next")
        assert platform.release(new) == "applied 9999_next_release\n"
        for dyno in sorted(platform.dynos, key=_worker_first):
            assert dyno.told_to_go() == 0, f"{dyno.kind} had to be killed"
            platform.replace(dyno, new)
            until(platform.is_up, "the dyno is back")
        plan.enqueue_due(stack.services)
        all_polled(began)
        assert visitors.errors() == {}

        # And a last interval on the new release alone.
        all_polled(interval(stack, people))
        assert visitors.errors() == {}
        told = sum(len(stack.control.plays(name)) for name in people)
        assert stack.plays() == told == MEMBERS * (5 + 2 + 2 + 2)
        assert not Gap.select().exists()
        assert not Connection.select().where(Connection.lease_until > LONG_AGO).exists()
        said = platform.log()
        assert said.count('"event":"poll"') >= 3 * MEMBERS
        assert [secret for secret in secrets if secret in said] == []


def comes_back(stack: Stack, site: str, name: str) -> set[str]:
    """Somebody comes back from Spotify; what of that no log may tell."""
    with requests.Session() as browser:
        away = browser.get(f"{site}/connect", allow_redirects=False, timeout=60)
        back = stack.control.consent(away.headers["Location"], name)
        page = browser.get(back, timeout=60)
        assert page.status_code == 200, page.text[:500]
        asked = parse_qs(urlsplit(back).query)
        return {*asked["code"], *asked["state"], *browser.cookies.values()}


def kept_secret(stack: Stack) -> set[str]:
    """Secrets of the server and of its members."""
    settings, vault = stack.services.settings, stack.services.vault
    found = {settings.secret_key, *settings.token_keys, settings.spotify_client_secret}
    for one in Connection.select():
        found.add(vault.open(ACCESS_PLACE, one.user_id, one.access_sealed))
        found.add(vault.open(REFRESH_PLACE, one.user_id, one.refresh_sealed))
    people = User.select(User.spotify_id, User.display_name).tuples()
    return found | {name for row in people for name in row if name}


def _worker_first(dyno: Dyno) -> tuple[bool, str]:
    return dyno.kind != "worker", dyno.kind
