"""Limits of the pages open to everybody, with Redis and without, whatever a header claims."""

from __future__ import annotations

from typing import Any

import pytest
from flask import request_started
from redis import Redis

from audiospective.models.waitlist import WaitlistEntry
from audiospective.web import throttle
from audiospective.web.waitlist import pages
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, Visitor

NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with a process that has counted nothing."""
    monkeypatch.setattr(throttle, "_counters", throttle.Counters())


def enter(browser: Visitor, number: int, **headers: str) -> Any:
    token = browser.page("/waitlist").one("input", name="csrf_token").attributes["value"]
    return browser.post(
        "/waitlist",
        data={"email": f"somebody{number}@example.org", "csrf_token": token},
        headers={"Referer": "http://127.0.0.1:8000/", **headers},
    )


def test_a_visitor_who_asks_too_often_is_told_when_to_come_back(
    live: LiveSite, frozen: Frozen
) -> None:
    answers = [enter(live.site.visitor(), number) for number in range(9)]
    assert [answer.status_code for answer in answers] == [303] * 6 + [429] * 3
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert WaitlistEntry.select().count() == 6
    frozen.forward(seconds=60)
    assert enter(live.site.visitor(), 10).status_code == 303


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_a_forged_header_does_not_make_another_visitor(
    live: LiveSite, header: str, frozen: Frozen
) -> None:
    codes = [
        enter(live.site.visitor(), number, **{header: f"198.51.100.{number}"}).status_code
        for number in range(9)
    ]
    assert codes == [303] * 6 + [429] * 3


def test_behind_a_router_its_own_entry_counts_and_no_earlier_one(
    make_live: Any, frozen: Frozen
) -> None:
    live = make_live(trusted_proxies=1)
    forged = [
        enter(
            live.site.visitor(), n, **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"}
        ).status_code
        for n in range(9)
    ]
    assert forged == [303] * 6 + [429] * 3
    other = enter(live.site.visitor(), 20, **{"X-Forwarded-For": "203.0.113.9, 203.0.113.77"})
    assert other.status_code == 303


@pytest.mark.parametrize(
    ("trusted", "remote", "header", "visitor"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "evil, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "evil, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (1, "10.0.0.1", None, ""),
        (0, "2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", None, "192.0.2.1"),
        (1, "10.0.0.1", "not an address", "not an address"),
    ],
)
def test_who_the_visitor_is(
    make_live: Any, trusted: int, remote: str, header: str | None, visitor: str
) -> None:
    live = make_live(trusted_proxies=trusted)
    headers = {"X-Forwarded-For": header} if header is not None else {}
    seen = []
    with request_started.connected_to(lambda _app: seen.append(throttle.visitor()), live.site.app):
        live.site.app.test_client().get(
            "/healthz", environ_base={"REMOTE_ADDR": remote}, headers=headers
        )
    assert seen == [visitor or remote]


def test_without_redis_the_limits_are_stricter(make_live: Any, frozen: Frozen) -> None:
    live = make_live(redis_url=NO_REDIS)
    codes = [enter(live.site.visitor(), number).status_code for number in range(4)]
    assert codes == [303, 429, 429, 429]
    failures = [live.site.visitor().get("/callback?state=x").status_code for _ in range(20)]
    assert failures == [303] * 15 + [429] * 5


def test_without_redis_other_pages_stay_up(make_live: Any) -> None:
    live = make_live(redis_url=NO_REDIS)
    for page in ("/", "/waitlist", "/sign-in"):
        assert live.site.visitor().get(page).status_code == 200
    browser = live.newcomer("alice")
    assert browser.get("/dashboard").status_code == 200


def test_a_redis_that_failed_is_left_in_peace_for_a_while(
    make_live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = Redis.pipeline

    def counted(self: Redis, *args: Any, **kwargs: Any) -> Any:
        asked.append(1)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Redis, "pipeline", counted)
    live = make_live(redis_url=NO_REDIS)
    for _ in range(5):
        live.site.visitor().get("/callback?state=x")
    assert len(asked) == 1


def test_redis_holds_no_address_of_anybody(live: LiveSite) -> None:
    enter(live.site.visitor(), 1)
    browser = live.site.visitor()
    browser.submit(browser.page("/sign-in"), "/sign-in", email="ana@example.org")
    redis = live.site.services.redis
    keys = b" ".join(redis.keys("*"))
    values = b" ".join(redis.dump(key) for key in redis.keys("*"))
    for text in (b"127.0.0.1", b"ana@", b"somebody1", b"example.org"):
        assert text not in keys
        assert text not in values


def test_all_visitors_together_have_a_limit_too(live: LiveSite, frozen: Frozen) -> None:
    limit = throttle.Limit("together", 10, 60, shared=True)
    waits = [spent(live, limit, f"10.{n}.0.1") for n in range(12)]
    assert [bool(wait) for wait in waits] == [False] * 10 + [True] * 2


def spent(live: LiveSite, limit: throttle.Limit, address: str) -> int:
    with live.site.app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        return throttle.spend(limit)


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        ("2001:db8:1:{n:x}::1", 3),  # a /48: a tenth
        ("192.0.2.{n}", 3),
        ("2001:db8:{n:x}::1", 10),  # a /32: a third
        ("192.0.{n}.1", 10),
        ("2001:{n:x}::1", 30),
        ("::ffff:192.0.2.{n}", 3),
        ("no address", 3),
    ],
)
def test_no_network_spends_for_all_others(
    live: LiveSite, frozen: Frozen, addresses: str, allowed: int
) -> None:
    limit = throttle.Limit("together", 30, 60, shared=True)
    waits = [spent(live, limit, addresses.format(n=n)) for n in range(1, 40)]
    assert [bool(wait) for wait in waits] == [False] * allowed + [True] * (39 - allowed)
    assert bool(spent(live, limit, "203.0.113.9")) is (allowed == 30)


def test_whoever_has_spent_the_part_of_a_network_is_refused_whatever_is_typed(
    live: LiveSite, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ALL", throttle.Limit("waitlist all", 20, 3600, shared=True))
    assert [enter(live.site.visitor(), 1).status_code for _ in range(4)] == [303, 303, 429, 429]
    assert enter(live.site.visitor(), 2).status_code == 429
    assert WaitlistEntry.select().count() == 1
