"""Every refusal of Spotify at every stage of a poll: who is charged, what is seen, what is next.

The bodies are those of the contract; a small server says them, the real client reads them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import SpotifyClient
from audiospective.models import Connection, Play, SpotifyApp
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.models.notices import Notice
from audiospective.models.poll_log import PollLog
from audiospective.models.refusals import Refusal
from audiospective.notices import owing
from audiospective.operations import health
from audiospective.policy.failures import Failure
from audiospective.policy.health import HealthStatus
from audiospective.polling import batch
from tests.factories import connected

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def oauth(error, description=""):
    return json.dumps({"error": error, "error_description": description}).encode()


def api(status, message, **more):
    return json.dumps({"error": {"status": status, "message": message, **more}}).encode()


@dataclass
class Script:
    """What the stand-in answers at each stage: (status, headers, body), or a function."""

    token: tuple = (200, {}, json.dumps({"access_token": "a2", "expires_in": 3600}).encode())
    page: tuple = (200, {}, b'{"items": []}')
    me: tuple = (200, {}, b'{"id": "alice"}')


@pytest.fixture
def script() -> Iterator[Script]:
    found = Script()

    class Stand(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(found.me if self.path == "/me" else found.page)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._say(found.token)

        def _say(self, answer) -> None:
            answer = answer() if callable(answer) else answer
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Type": JSON, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stand)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def real(services, script):
    """Services with the real client, aimed at the stand-in; it does not wait between tries."""
    return replace(services, spotify=SpotifyClient(script.url, script.url, chance=lambda: 0.0))


@pytest.fixture
def alice(real, frozen):
    """Somebody with plays and a success an hour ago, and a token that has just ended."""
    now = clock.now()
    return connected(
        real,
        last_success_at=now - HOUR,
        newest_play_at=now - 2 * HOUR,
        access_expires_at=now - MINUTE,
    )


USER, APP, NOBODY = "the person", "the app", "nobody"
NOT_LISTED = b"Check settings on developer.spotify.com/dashboard, the user may not be registered."
QUOTA = api(429, "Too many requests", reason="QUOTA_EXCEEDED")
GOOD = None

# stage, answer, class, who is charged, what the person sees, next try after, e-mails
CASES = [
    ("refresh", (400, {}, oauth("invalid_grant", "Refresh token revoked")),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("refresh", (400, {}, oauth("invalid_grant", "Refresh token expired")),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("refresh", (400, {}, b'{"error": "invalid_grant"}'),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("refresh", (400, {}, oauth("invalid_client", "Invalid client secret")),
     Failure.APP, APP, HealthStatus.APP_REFUSED, 30 * MINUTE),
    ("refresh", (401, {}, oauth("invalid_client", "Invalid client")),
     Failure.APP, APP, HealthStatus.APP_REFUSED, 30 * MINUTE),
    ("refresh", (400, {}, oauth("unsupported_grant_type")),
     Failure.UNKNOWN, USER, HealthStatus.UP_TO_DATE, 20 * MINUTE),
    ("refresh", (400, {"Content-Type": HTML}, b"<html>401 invalid_grant</html>"),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("refresh", (503, {"Content-Type": HTML}, b"<html>invalid_grant</html>"),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("refresh", (500, {}, b""), Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("refresh", (200, {}, b"null"), Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("refresh", (429, {"Retry-After": "120"}, b"Too many requests"),
     Failure.RATE_LIMIT, APP, HealthStatus.UP_TO_DATE, 2 * MINUTE),
    ("refresh", (200, {}, json.dumps(
        {"access_token": "a", "expires_in": 3600, "scope": "user-top-read"}).encode()),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (401, {}, api(401, "The access token expired")),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (401, {}, api(401, "Invalid access token")),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (403, {}, api(403, "Insufficient client scope")),
     Failure.AUTH, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (403, {"Content-Type": TEXT}, NOT_LISTED),
     Failure.NOT_ALLOWED, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (403, {"Content-Type": TEXT}, b"User not registered in the Developer Dashboard"),
     Failure.NOT_ALLOWED, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (403, {}, api(403, "The user is not registered for this application.")),
     Failure.NOT_ALLOWED, USER, HealthStatus.REFUSED_ONCE, 30 * MINUTE),
    ("page", (403, {}, api(403, "Forbidden")),
     Failure.WITHHELD, USER, HealthStatus.UP_TO_DATE, 30 * MINUTE),
    ("page", (403, {}, api(403, "Active premium subscription required for the owner of the app")),
     Failure.APP, APP, HealthStatus.APP_REFUSED, 30 * MINUTE),
    ("page", (403, {"Content-Type": HTML}, b"<html>no</html>"),
     Failure.UNKNOWN, USER, HealthStatus.UP_TO_DATE, 20 * MINUTE),
    ("page", (400, {}, api(400, "Invalid limit")),
     Failure.UNKNOWN, USER, HealthStatus.UP_TO_DATE, 20 * MINUTE),
    ("page", (404, {}, api(404, "Not found.")),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("page", (429, {"Content-Type": TEXT, "Retry-After": "7"}, b"Too many requests"),
     Failure.RATE_LIMIT, APP, HealthStatus.UP_TO_DATE, timedelta(seconds=7)),
    ("page", (429, {}, api(429, "API rate limit exceeded")),
     Failure.RATE_LIMIT, APP, HealthStatus.UP_TO_DATE, timedelta(seconds=30)),
    ("page", (429, {"Retry-After": "52531"}, QUOTA),
     Failure.QUOTA, APP, HealthStatus.UP_TO_DATE, timedelta(seconds=52_531)),
    ("page", (429, {"Retry-After": "999999"}, QUOTA),
     Failure.QUOTA, APP, HealthStatus.UP_TO_DATE, 24 * HOUR),
    ("page", (500, {}, api(500, "Server error.")),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("page", (502, {}, api(502, "Bad gateway.")),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("page", (503, {"Content-Type": HTML}, b"<html>401 Unauthorized</html>"),
     Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    ("page", (504, {}, b""), Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE),
    *(("page", (200, {}, body), Failure.NETWORK, USER, HealthStatus.UP_TO_DATE, 10 * MINUTE)
      for body in (b"", b"null", b"[]", b"<html>", b'{"items": [{"tra', b'{"items": null}')),
    ("me", (401, {}, api(401, "Invalid access token")),
     Failure.SILENT, USER, HealthStatus.UP_TO_DATE, 30 * MINUTE),
    ("me", (403, {"Content-Type": TEXT}, NOT_LISTED),
     Failure.SILENT, USER, HealthStatus.UP_TO_DATE, 30 * MINUTE),
    ("me", (503, {}, b""), Failure.SILENT, USER, HealthStatus.UP_TO_DATE, 30 * MINUTE),
    ("me", (429, {"Retry-After": "60"}, b""),
     Failure.RATE_LIMIT, APP, HealthStatus.UP_TO_DATE, MINUTE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "answer", "failure", "charged", "seen", "next_try"),
    CASES,
    ids=[f"{stage}-{answer[0]}-{number}" for number, (stage, answer, *_) in enumerate(CASES)],
)
def test_every_refusal_is_charged_to_whom_it_belongs(
    real, script, alice, stage, answer, failure, charged, seen, next_try
):
    setattr(script, {"refresh": "token"}.get(stage, stage), answer)
    if stage == "me":
        Connection.update(empty_pages=1).execute()
    before = Connection.get_by_id(alice.user_id)
    batch.now(real, alice.user_id)
    row = Connection.get_by_id(alice.user_id)
    app = SpotifyApp.get_by_id(1)
    now = clock.now()

    assert PollLog.get().outcome == failure.value
    assert row.last_success_at == before.last_success_at  # a refusal moves nothing on
    assert (row.newest_play_at, Play.select().count()) == (before.newest_play_at, 0)
    assert real.vault.decrypt(REFRESH_PLACE, alice.user_id, row.refresh_encrypted) == (
        f"refresh-{alice.user_id}"  # and no token is thrown away for it
    )
    if charged == USER:
        assert (row.consecutive_failures, row.last_failure_type) == (1, failure.value)
        assert row.circuit_open_until == row.next_poll_at == now + next_try
        assert app.blocked_until <= now
    else:
        assert (row.consecutive_failures, row.last_failure_type) == (0, None)
        assert (app.blocked_until, app.block_reason) == (now + next_try, failure.value)
    assert row.status == ("not_allowed" if failure is Failure.NOT_ALLOWED else "active")
    assert health.state(real, alice.user_id).status is seen
    assert Notice.select().count() == 0  # no address is proven, so nobody is written to


@pytest.mark.parametrize(
    ("stage", "answer", "seen"),
    [
        ("token", (400, {}, oauth("invalid_grant")), HealthStatus.RECONNECT_NEEDED),
        ("page", (403, {"Content-Type": TEXT}, NOT_LISTED), HealthStatus.NOT_LISTED),
    ],
)
def test_a_second_refusal_is_the_members_to_mend(real, script, alice, frozen, stage, answer, seen):
    setattr(script, stage, answer)
    batch.now(real, alice.user_id)
    once = health.state(real, alice.user_id)
    assert once.status is HealthStatus.REFUSED_ONCE
    assert (once.refused_at, once.at_risk_since) == (clock.now(), None)
    assert once.next_check_at == clock.now() + 30 * MINUTE
    frozen.forward(minutes=30)
    batch.now(real, alice.user_id)
    twice = health.state(real, alice.user_id)
    assert twice.status is seen
    assert (twice.refused_at, twice.at_risk_since) == (None, once.last_success_at)


def test_an_app_that_may_not_read_plays_is_told_from_the_second_refusal_on(
    real, script, alice, frozen
):
    script.page = (403, {}, api(403, "Forbidden"))
    seen = []
    for minutes in (0, 30, 240):
        frozen.forward(minutes=minutes)
        batch.now(real, alice.user_id)
        seen.append(health.state(real, alice.user_id).status)
    assert seen == [HealthStatus.UP_TO_DATE, HealthStatus.APP_REFUSED, HealthStatus.APP_REFUSED]


@pytest.mark.parametrize(
    ("answer", "emails"),
    [
        ((400, {}, oauth("invalid_grant")), ["archive_stopped"]),
        ((400, {}, oauth("invalid_client")), []),
        ((503, {}, b""), []),
    ],
)
def test_an_email_is_owed_where_only_the_person_can_help(real, script, alice, answer, emails):
    user = alice.user
    user.email, user.email_verified_at = "alice@mail.example", clock.now()
    user.save()
    script.token = answer
    batch.now(real, alice.user_id)
    # Nobody else can be compared with, so the refusal has to outlast a pause.
    Refusal.update(first_at=clock.now() - 2 * HOUR).execute()
    owing.owe(real)
    assert [one.kind for one in Notice.select()] == emails


def test_an_access_token_that_ended_early_is_renewed_once_and_all_is_well(real, script, alice):
    encrypted = real.vault.encrypt(ACCESS_PLACE, alice.user_id, "early")
    Connection.update(access_encrypted=encrypted, access_expires_at=clock.now() + HOUR).execute()
    answers = iter([(401, {}, api(401, "The access token expired"))])
    fine = (200, {}, b'{"items": [], "next": null}')

    script.page = lambda: next(answers, fine)
    Connection.update(newest_play_at=None).execute()
    batch.now(real, alice.user_id)
    assert PollLog.get().outcome == "ok"


FINE = (200, {}, b'{"items": [], "next": null}')


def token(**answer):
    return 200, {}, json.dumps(answer).encode()


@pytest.mark.parametrize("expires_in", [None, "3600", 3600.0, "soon", [], {"a": 1}])
def test_a_token_answer_with_an_odd_lifetime_is_taken_for_an_hour(real, script, alice, expires_in):
    Connection.update(newest_play_at=None).execute()
    script.page = FINE
    script.token = token(access_token="a2", expires_in=expires_in, refresh_token="r2")
    assert batch.now(real, alice.user_id).outcomes == {"archived": 1}
    row = Connection.get_by_id(alice.user_id)
    assert row.access_expires_at == clock.now() + HOUR
    assert real.vault.decrypt(REFRESH_PLACE, alice.user_id, row.refresh_encrypted) == "r2"


def test_a_new_refresh_token_is_kept_though_the_answer_lacks_everything_else(real, script, alice):
    script.token = token(refresh_token="r2")
    script.page = FINE
    assert batch.now(real, alice.user_id).outcomes == {"failed:network": 1}
    row = Connection.get_by_id(alice.user_id)
    assert real.vault.decrypt(REFRESH_PLACE, alice.user_id, row.refresh_encrypted) == "r2"
    asked = []
    script.token = lambda: asked.append(1) or token(access_token="a3", expires_in=3600)
    Connection.update(circuit_open_until=clock.EPOCH, newest_play_at=None).execute()
    assert batch.now(real, alice.user_id).outcomes == {"archived": 1}
    assert asked == [1]  # the odd answer is not taken for an access token


def test_a_new_refresh_token_is_kept_though_the_scope_is_gone(real, script, alice):
    script.token = token(access_token="a2", refresh_token="r2", scope="user-top-read")
    assert batch.now(real, alice.user_id).outcomes == {"failed:auth": 1}
    row = Connection.get_by_id(alice.user_id)
    assert real.vault.decrypt(REFRESH_PLACE, alice.user_id, row.refresh_encrypted) == "r2"


def test_with_every_call_taking_twelve_seconds_of_twenty_the_second_check_succeeds(
    real, script, alice
):
    """Time is spent only where an answer must come too late; else the end comes nearer."""
    given_up = threading.Event()

    def slowly(answer, end, seconds):
        def answering():
            end._ending.at -= seconds
            return answer

        return answering

    def too_late():
        given_up.wait(60)
        return FINE

    end = Deadline(2.0)
    script.token = slowly(token(access_token="a2", expires_in=3600), end, 1.2)
    script.page = too_late
    Connection.update(newest_play_at=None).execute()
    try:
        first = batch.now(real, alice.user_id, deadline=end)
    finally:
        given_up.set()
    assert first.outcomes == {"failed:network": 1}
    Connection.update(circuit_open_until=clock.EPOCH).execute()
    asked = []
    script.token = lambda: asked.append(1) or token(access_token="a3", expires_in=3600)
    end = Deadline(20)
    script.page = slowly(FINE, end, 12)
    second = batch.now(real, alice.user_id, deadline=end)
    assert second.outcomes == {"archived": 1}
    assert asked == []
