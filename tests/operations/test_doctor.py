"""What the doctor says of servers, services and clocks, and how each fault is mended."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from redis.exceptions import NoPermissionError

from audiospective import clock
from audiospective.incidents import alarms as noted
from audiospective.models import dialects
from audiospective.models.marks import Mark
from audiospective.models.notices import QUEUED, SENT, UNCERTAIN, Notice
from audiospective.operations.doctor import (
    alarms,
    clocks,
    database,
    mail,
    mail_account,
    redis,
    redis_limits,
    spotify_api,
    token_keys,
)
from audiospective.operations.overview import polling
from audiospective.services import Services
from audiospective.vault import Vault
from tests.factories import connected, crowd, make_user
from tests.support.clocks import Frozen


class Elsewhere:
    """A service that answers every GET with `status`, `body` and `headers`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status, self.body, self.headers = 200, b"", {}
        self.asked: list[str] = []

    def says(self, status: int, body: Any = b"", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.body, self.headers = status, raw, headers


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    return sqlite_database_url


def at(services: Services, **values: Any) -> Services:
    return replace(services, settings=replace(services.settings, **values))


class Told:
    """A Redis that tells `info` and the time, and nothing else."""

    def __init__(self, **info: Any) -> None:
        self.told = info

    def info(self) -> dict[str, Any]:
        return self.told

    def time(self) -> tuple[int, int]:
        return int(clock.now().timestamp()) + self.told.get("ahead", 0), 0


REDIS = [
    ({"role": "slave"}, "replica", True),
    ({"maxmemory": 9_000_000, "maxmemory_policy": "allkeys-lru"}, "allkeys-lru", False),
    ({"redis_version": "6.0.5"}, "Redis 6.0.5 is older than 6.0.6", True),
    ({"redis_version": "5.0.14"}, "older", True),
    ({"maxclients": 10}, "10 clients at most", False),
    ({"redis_mode": "cluster"}, "cluster mode", True),
]


@pytest.mark.parametrize(("info", "says", "serious"), REDIS)
def test_a_redis_that_is_set_up_wrongly(services, info, says, serious) -> None:
    found = redis_limits.look(replace(services, redis=Told(**info)))
    assert says in found.state
    assert found.advice
    assert found.serious == serious


class Silent:
    """A Redis whose user may not ask how it is set up."""

    def info(self) -> dict[str, Any]:
        raise NoPermissionError("this user has no permissions to run the 'info' command")


def test_a_redis_that_may_not_be_asked_is_not_called_broken(services) -> None:
    found = redis_limits.look(replace(services, redis=Silent()))
    assert "may not run INFO" in found.state
    assert "noeviction" in found.advice
    assert not found.serious


def test_a_copy_of_the_database_is_a_fault(services, monkeypatch) -> None:
    assert not database.reached(services).advice
    monkeypatch.setattr(dialects, "takes_writes", lambda: False)
    found = database.reached(services)
    assert "takes nothing" in found.state
    assert "primary" in found.advice
    assert found.serious


def test_tokens_that_no_key_opens_are_a_fault(services) -> None:
    assert not token_keys.look(services).advice
    crowd(services, 2)
    assert token_keys.look(services).state == "open all of 2 tokens"
    other = replace(services, vault=Vault([Fernet.generate_key().decode()]))
    connected(other, "bob")
    for whose, closed in ((services, 1), (other, 2)):
        found = token_keys.look(whose)
        assert found.state == f"{closed} of 3 tokens cannot be opened"
        assert "TOKEN_KEYS" in found.advice
        assert found.serious


def test_a_redis_that_answers_and_takes_nothing_is_a_fault(services, full_redis_url) -> None:
    with Redis.from_url(full_redis_url) as full:
        found = redis.reached(replace(services, redis=full))
    assert "full" in found.state
    assert "more memory" in found.advice
    assert found.serious
    assert not redis.reached(services).advice


def test_a_redis_that_is_set_up_well(services) -> None:
    assert not redis_limits.look(services).advice
    for version in ("6.0.6", "6.2", "10.0.0", "8.0-rc1"):
        assert not redis_limits.look(replace(services, redis=Told(redis_version=version))).advice
    small = Told(maxmemory=25_000_000, maxmemory_policy="noeviction", maxclients=20)
    assert redis_limits.look(replace(services, redis=small)).state.startswith("25 MB, 0 of 20")


LINES = [
    ("redis://10.0.0.7:6379/0", "https://a.example", True),
    ("redis://u:p@10.0.0.7:6379/0", "https://a.example", True),
    ("redis://127.0.0.1:6379/0", "https://a.example", False),
    ("redis://10.0.0.7:6379/0", "http://127.0.0.1:8000", False),
    ("rediss://10.0.0.7:6379/0", "https://a.example", False),
    ("unix:///run/redis.sock", "https://a.example", False),
]


@pytest.mark.parametrize(("url", "base", "noted"), LINES)
def test_whether_others_can_listen_in(services, url, base, noted) -> None:
    found = redis.line(at(services, redis_url=url, base_url=base))
    assert bool(found.advice) == noted
    assert "u:p" not in found.state + found.advice


def test_a_clock_that_is_wrong(services) -> None:
    assert not clocks.look(services).advice
    found = clocks.look(replace(services, redis=Told(ahead=300)))
    assert found.state.startswith("Redis is")
    assert "ahead" in found.state
    assert "NTP" in found.advice
    with clock.use(lambda: dialects.now() + timedelta(minutes=10)):
        assert "the database is" in clocks.look(services).state


def test_whether_anybody_hears_of_an_alarm(services) -> None:
    assert "nobody" in alarms.look(services).state
    make_user("olga", is_operator=True, email="o@x.example", email_verified_at=clock.now())
    mailing = at(services, resend_api_key="re_secret")
    found = alarms.look(at(mailing, alarm_webhook_urls=("https://ntfy.sh/x",)))
    assert (found.state, found.advice) == ("1 by e-mail, 1 webhooks; no backup was made yet", "")


REDIRECTS = [
    (400, b"INVALID_CLIENT: Invalid redirect URI", "refuses", True),
    (303, b"", "is not refused", False),
    (400, b"INVALID_CLIENT: Invalid client", "is not refused", False),
]


@pytest.mark.parametrize(("status", "body", "says", "faulty"), REDIRECTS)
def test_a_redirect_uri_that_is_not_registered(services, elsewhere, status, body, says, faulty):
    elsewhere.says(status, body)
    found = spotify_api.redirect(at(services, spotify_accounts_url=elsewhere.url))
    assert says in found.state
    assert bool(found.advice) == faulty
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fcallback" in elsewhere.asked[0]


@pytest.mark.parametrize(
    ("status", "advised", "serious"), [(401, False, True), (404, True, True), (503, True, False)]
)
def test_an_address_that_is_not_that_of_the_api(services, elsewhere, status, advised, serious):
    elsewhere.says(status)
    found = spotify_api.reached(at(services, spotify_api_url=elsewhere.url))
    assert bool(found.advice) == advised
    assert found.serious == serious
    away = spotify_api.reached(at(services, spotify_api_url="http://127.0.0.1:1"))
    assert "does not answer" in away.state


MAIL = [
    (200, {"data": [{"name": "archive.example", "status": "verified"}]}, "is verified", False),
    (200, {"data": [{"name": "archive.example", "status": "pending"}]}, "is pending", True),
    (200, {"data": []}, "not known there", True),
    (401, {"name": "restricted_api_key"}, "can send and nothing else", False),
    (403, {"name": "invalid_api_key"}, "refuses the key", True),
    (429, {}, "limit is reached", True),
    (404, b"<html>", "does not tell", False),
    (503, b"<html>", "the provider fails (503)", True),
    (200, b"[]", "does not tell", False),
]


@pytest.mark.parametrize(("status", "body", "says", "advised"), MAIL)
def test_what_the_mail_provider_says_of_key_and_domain(
    services, elsewhere, status, body, says, advised
):
    elsewhere.says(status, body, ratelimit_limit="2")
    keyed = at(services, resend_api_key="re_secret", resend_api_url=elsewhere.url)
    found = mail_account.look(keyed)
    assert says in found.state
    assert bool(found.advice) == advised
    assert "re_secret" not in found.state + found.advice
    assert ("2 requests a second" in found.state) == (says in ("is verified", MAIL[3][2]))


def test_without_a_key_the_provider_is_not_asked(services) -> None:
    assert "not looked at" in mail_account.look(services).state


def test_without_a_mail_account_it_says_what_waits_and_that_nobody_hears_of_alarms(
    services: Services,
) -> None:
    make_user("olga", is_operator=True, email="o@mail.example", email_verified_at=clock.now())
    none, able = (at(services, resend_api_key=key, mail_from=key) for key in ("", "re_secret"))
    assert mail.look(none).state.endswith("not set: e-mails are kept, none is sent")
    for number in range(3):
        Notice.create(
            key=f"{number}", recipient="o@mail.example", kind="welcome", dedupe_key=f"{number}",
            status=(UNCERTAIN, QUEUED, SENT)[number], next_attempt_at=clock.now(),
            created_at=clock.now(),
        )  # fmt: skip
    found = mail.look(none)
    assert found.state.startswith("RESEND_API_KEY and MAIL_FROM not set")
    assert found.state.endswith("; 2 wait")
    told = alarms.look(none)
    assert "nobody is told" in told.state
    assert "RESEND_API_KEY and MAIL_FROM" in told.advice
    hook = ("https://hooks.example/x",)
    assert alarms.look(at(none, alarm_webhook_urls=hook)).state.startswith("0 by e-mail, 1 web")
    assert alarms.look(able).state.startswith("1 by e-mail, 0 webhooks")


def test_a_library_that_is_missing_is_found_before_an_email_is_due(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = at(services, resend_api_key="re_secret", mail_from="mail@archive.example")
    assert mail.look(able).advice == ""
    monkeypatch.setitem(sys.modules, "audiospective.clients.mail_http", None)
    monkeypatch.delattr("audiospective.clients.mail_http", raising=False)
    found = mail.look(able)
    assert "cannot be loaded" in found.state
    assert found.advice
    assert found.serious


def test_alarms_that_last_are_findings_and_serious_where_they_keep_plays_out(
    services: Services, frozen: Frozen
) -> None:
    assert alarms.standing(services).state == "none lasts"
    noted.begin("of_tomorrow", clock.now(), "x")  # of a newer release
    noted.begin("redis_away", clock.now(), "x", after=timedelta(minutes=5))  # not told yet
    assert alarms.standing(services).state == "none lasts"
    noted.begin("backup", clock.now(), "The last one failed.")
    Mark.put(polling.LOOKED, clock.now())
    found = alarms.standing(services)
    assert found.state.startswith("There is no recent backup since ")
    assert (found.serious, bool(found.advice)) == (False, True)
    noted.begin("timetable", clock.now(), "the scheduler was last at work at 17:25 UTC.")
    found = alarms.standing(services)
    assert "Nothing runs the timetable since " in found.state
    assert found.serious
    noted.end("timetable")  # the scheduler is back: what a look does from then on
    found = alarms.standing(services)
    assert "(timetable, not to be seen any more)" in found.state
    assert (found.serious, bool(found.advice)) == (False, True)
    noted.begin("timetable", clock.now(), "the scheduler was last at work at 17:25 UTC.")
    assert alarms.standing(services).serious
    frozen.forward(minutes=31)  # everything is stopped, or this is a backup that came back
    found = alarms.standing(services)
    assert found.state.startswith("as of ")
    assert "Nothing runs the timetable since " in found.state
    assert (found.serious, bool(found.advice)) == (False, True)
