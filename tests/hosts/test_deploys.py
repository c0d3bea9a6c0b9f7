"""A deployment rehearsed whole: every process killed in turn, and a new release rolled out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from peewee import fn

from audiospective import clock
from audiospective.models import Connection, Play, User
from audiospective.models.base import LONG_AGO
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.models.gaps import Gap
from tests.hosts import member_journey
from tests.hosts.deployment import procfile
from tests.hosts.member_journey import Browser
from tests.hosts.platform import Dyno, Platform, next_release
from tests.jobs.stack import ROOT, Stack, running
from tests.support import losses, pgbouncer, proxy
from tests.support import redis as servers
from tests.support.processes import free_port, until

MEMBERS = 200
INTERVAL = timedelta(minutes=6)
MAIL_KEY = "re_the_key_of_the_mail_service"
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
    """The next interval begins: everybody has played twice more and falls due.

    Who is polled when is up to the scheduler and the workers: every minute here, ten times as
    often as elsewhere, so that an interval is six minutes instead of an hour.
    """
    for name in people:
        stack.control.burst(name, 2)
    began = clock.now()
    Connection.update(next_poll_at=began).execute()
    return began


def polled(since: datetime) -> int:
    return Connection.select().where(Connection.last_success_at >= since).count()


def all_polled(since: datetime) -> None:
    """Wait for the end of an interval: each is polled before it is due again."""
    until(lambda: polled(since) == MEMBERS, "everybody is polled", seconds=360)
    last = Connection.select(fn.MAX(Connection.last_success_at)).scalar()
    assert last - since < INTERVAL
    assert not Connection.select().where(Connection.consecutive_failures > 0).exists()


def is_known_to(dyno: Dyno, browser: Browser) -> str:
    """How this very process answers who is signed in: `200`, or where it sends them."""
    host = {"Host": urlsplit(browser.site).netloc, "X-Forwarded-For": "198.51.100.1"}
    page = browser.http.get(
        f"http://127.0.0.1:{dyno.port}/dashboard", headers=host, timeout=60, allow_redirects=False
    )
    return f"{page.status_code} {page.headers.get('Location', '')}".strip()


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
            TRUSTED_PROXIES="1", WEB_CONCURRENCY="1", LOG_LEVEL="DEBUG", POLL_MIN_MINUTES="1",
            POLL_MAX_MINUTES=str(INTERVAL // timedelta(minutes=1)), BATCH_SIZE="50",
            RESEND_API_KEY=MAIL_KEY, STORAGE_URL=f"file://{tmp_path}/bucket",
        ))  # fmt: skip
        stack.environment["RESEND_API_URL"] = stack.sandbox.url
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
        signed_in = [member_journey.by_email(stack, site)]

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
        all_polled(began)
        assert sum(visitors.errors().values()) <= 3 * len(
            web
        )  # each visitor's one request, with each kill

        signed_up = member_journey.through_spotify(stack, site, people[0])

        # A release: its migration while the old one serves, then dyno after dyno. Nobody who is
        # signed in is asked to do so again, by old code or new, whichever of them it was.
        began = interval(stack, people)
        new = next_release(tmp_path / "next")
        assert platform.release(new) == "applied 9999_next_release\n"
        for dyno in sorted(platform.dynos, key=_worker_first):
            assert dyno.told_to_go() == 0, f"{dyno.kind} had to be killed"
            platform.replace(dyno, new)
            until(platform.is_up, "the dyno is back")
            if dyno.kind == "web" and len(signed_in) < 2:  # while the other one is old
                signed_in.append(member_journey.by_email(stack, site))
            for one in (dyno for dyno in platform.dynos if dyno.port):
                assert [is_known_to(one, browser) for browser in signed_in] == ["200"] * len(
                    signed_in
                )
        all_polled(began)
        assert visitors.errors() == {}

        # And a last interval on the new release alone, while a member uses all of it.
        began = interval(stack, people)
        secrets = member_journey.whole(stack, signed_in[0]) | kept_secret(stack)
        all_polled(began)
        assert visitors.errors() == {}
        told = sum(len(stack.control.plays(name)) for name in people)
        theirs = Play.user.in_(Connection.select(Connection.user))
        counts = (Play.select().where(theirs).count(), told, MEMBERS * (5 + 2 + 2 + 2))
        losses.none_of(len(set(counts)) > 1 and f"archived, told, heard: {counts}")
        losses.none_of(list(Gap.select().dicts()))
        assert not Connection.select().where(Connection.lease_until > LONG_AGO).exists()
        said = platform.log()
        assert said.count('"event":"poll"') >= 3 * MEMBERS
        secrets = secrets.union(*(one.secrets for one in (signed_up, *signed_in)))
        assert [secret for secret in secrets if secret in said] == []


def kept_secret(stack: Stack) -> set[str]:
    """Secrets of the server and of its members."""
    settings, vault = stack.services.settings, stack.services.vault
    found = {settings.secret_key, *settings.token_keys, settings.spotify_client_secret, MAIL_KEY}
    for one in Connection.select():
        found.add(vault.decrypt(ACCESS_PLACE, one.user_id, one.access_encrypted))
        found.add(vault.decrypt(REFRESH_PLACE, one.user_id, one.refresh_encrypted))
    people = User.select(User.spotify_id, User.display_name).tuples()
    return found | {name for row in people for name in row if name}


def _worker_first(dyno: Dyno) -> tuple[bool, str]:
    return dyno.kind != "worker", dyno.kind
