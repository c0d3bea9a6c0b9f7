"""The client against the sandbox: every fault has a name, passing ones are tried again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyClient, SpotifyError, Tokens
from audiospective.policy.failures import Failure
from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, SandboxServer

APP = Credentials(CLIENT_ID, CLIENT_SECRET)


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def control(sandbox):
    sandbox.control.clear()
    sandbox.control.reset_calls()
    return sandbox.control


@pytest.fixture
def client(sandbox):
    return SpotifyClient(sandbox.accounts_url, sandbox.api_url, chance=lambda: 0.0)


@pytest.fixture
def alice(control):
    (name,) = control.make_listeners(1)
    control.burst(name, 3)
    return {"id": name, **control.mint(name)}


def deadline():
    return Deadline(20)


def test_the_newest_plays_are_read(client, alice):
    page = client.recently_played(alice["access_token"], deadline())
    assert (len(page.plays), page.unreadable) == (3, ())


def test_a_profile_is_read(client, alice):
    profile = client.me(alice["access_token"], deadline())
    assert profile.spotify_id == alice["id"]
    assert profile.account_id


def test_a_refresh_gives_a_token_that_works_and_may_leave_the_refresh_token(client, alice):
    tokens = client.refresh(APP, alice["refresh_token"], deadline())
    assert (tokens.refresh_token, tokens.expires_in) == (None, 3600)
    assert len(client.recently_played(tokens.access_token, deadline()).plays) == 3


def test_a_refresh_may_rotate(client, control, alice):
    control.fault("rotate", times=1)
    tokens = client.refresh(APP, alice["refresh_token"], deadline())
    assert tokens.refresh_token not in (None, alice["refresh_token"])


PAGE_FAULTS = [
    ("token_expired", {}, Failure.AUTH, 1),
    ("token_invalid", {}, Failure.AUTH, 1),
    ("scope", {}, Failure.AUTH, 1),
    ("forbidden", {}, Failure.WITHHELD, 1),
    ("no_premium", {}, Failure.APP, 1),
    ("not_listed", {"wording": "2021"}, Failure.NOT_ALLOWED, 1),
    ("not_listed", {"wording": "2024"}, Failure.NOT_ALLOWED, 1),
    ("not_listed", {"wording": "2026"}, Failure.NOT_ALLOWED, 1),
    ("rate_limit", {}, Failure.RATE_LIMIT, 1),
    ("rate_limit", {"style": "plain"}, Failure.RATE_LIMIT, 1),
    ("quota", {}, Failure.QUOTA, 1),
    ("status", {"status": 500}, Failure.NETWORK, 3),
    ("status", {"status": 502, "style": "html"}, Failure.NETWORK, 3),
    ("status", {"status": 503, "style": "empty"}, Failure.NETWORK, 3),
    ("status", {"status": 504, "style": "plain"}, Failure.NETWORK, 3),
    ("status", {"status": 404}, Failure.NETWORK, 3),
    ("html", {}, Failure.NETWORK, 3),
    ("empty", {}, Failure.NETWORK, 3),
    ("null", {}, Failure.NETWORK, 3),
    ("list", {}, Failure.NETWORK, 3),
    ("truncated", {}, Failure.NETWORK, 3),
    ("broken_json", {}, Failure.NETWORK, 3),
    ("reset", {}, Failure.NETWORK, 3),
    (
        "body",
        {"status": 302, "text": "", "headers": {"Location": "/elsewhere"}},
        Failure.NETWORK,
        3,
    ),
]


@pytest.mark.parametrize(("name", "parameters", "failure", "calls"), PAGE_FAULTS)
def test_a_fault_of_the_page_has_a_name(client, control, alice, name, parameters, failure, calls):
    control.fault(name, listener=alice["id"], endpoint="recently-played", **parameters)
    with pytest.raises(SpotifyError) as caught:
        client.recently_played(alice["access_token"], deadline())
    assert caught.value.failure is failure
    assert control.calls("recently-played") == calls
    assert alice["access_token"] not in str(caught.value)


TOKEN_FAULTS = [
    ("invalid_grant", {}, Failure.AUTH, 1),
    ("invalid_grant", {"description": "401 server_error 503"}, Failure.AUTH, 1),
    ("invalid_client", {"status": 400}, Failure.APP, 1),
    ("invalid_client", {"status": 401}, Failure.APP, 1),
    ("status", {"status": 503, "style": "html"}, Failure.NETWORK, 3),
    ("html", {}, Failure.NETWORK, 3),
    ("empty", {}, Failure.NETWORK, 3),
    ("null", {}, Failure.NETWORK, 3),
    ("rate_limit", {}, Failure.RATE_LIMIT, 1),
    ("body", {"status": 400, "text": "<html>invalid_grant</html>"}, Failure.NETWORK, 3),
    ("body", {"status": 200, "text": '{"access_token": ""}'}, Failure.NETWORK, 3),
    ("body", {"status": 200, "text": '{"access_token": 5, "expires_in": 1}'}, Failure.NETWORK, 3),
]


@pytest.mark.parametrize(("name", "parameters", "failure", "calls"), TOKEN_FAULTS)
def test_a_fault_of_the_refresh_has_a_name(
    client, control, alice, name, parameters, failure, calls
):
    control.fault(name, endpoint="token.refresh", **parameters)
    with pytest.raises(SpotifyError) as caught:
        client.refresh(APP, alice["refresh_token"], deadline())
    assert caught.value.failure is failure
    assert control.calls("token.refresh") == calls
    assert alice["refresh_token"] not in str(caught.value)


def test_a_passing_fault_is_overcome(client, control, alice):
    control.fault("status", status=502, endpoint="recently-played", times=2)
    assert len(client.recently_played(alice["access_token"], deadline()).plays) == 3


def test_a_revoked_grant_is_the_persons_failure(client, control, alice):
    control.revoke(alice["id"])
    with pytest.raises(SpotifyError) as caught:
        client.refresh(APP, alice["refresh_token"], deadline())
    assert caught.value.failure is Failure.AUTH


def test_a_rotation_whose_answer_never_came_ends_as_the_persons_failure(client, control, alice):
    control.fault("rotate", endpoint="token.refresh", times=1)
    control.fault("lost", endpoint="token.refresh", times=1)
    with pytest.raises(SpotifyError) as caught:
        client.refresh(APP, alice["refresh_token"], deadline())
    assert caught.value.failure is Failure.AUTH  # tried again with the dead token, bounded
    assert control.calls("token.refresh") <= 3


def test_wrong_credentials_are_the_apps_failure(client, alice):
    with pytest.raises(SpotifyError) as caught:
        client.refresh(Credentials(CLIENT_ID, "wrong"), alice["refresh_token"], deadline())
    assert caught.value.failure is Failure.APP


def test_an_apps_credentials_can_be_proved(client):
    assert client.app_token(APP, deadline()).access_token


def test_the_retry_after_header_is_handed_on_as_it_came(client, control, alice):
    control.fault("rate_limit", retry_after="85771", endpoint="recently-played")
    with pytest.raises(SpotifyError) as caught:
        client.recently_played(alice["access_token"], deadline())
    assert caught.value.retry_after == "85771"


def test_silence_ends_with_the_deadline(client, control, alice):
    control.fault("stall", seconds=60, endpoint="recently-played")
    with pytest.raises(SpotifyError) as caught:
        client.recently_played(alice["access_token"], Deadline(0.3))
    assert caught.value.failure is Failure.NETWORK
    assert control.calls("recently-played") <= 1


def test_a_server_that_is_not_there_is_a_network_failure():
    client = SpotifyClient("http://127.0.0.1:9", "http://127.0.0.1:9/v1", chance=lambda: 0.0)
    with pytest.raises(SpotifyError) as caught:
        client.me("token", deadline())
    assert caught.value.failure is Failure.NETWORK


def test_nothing_is_asked_when_no_time_is_left(client, control, alice):
    with pytest.raises(SpotifyError):
        client.recently_played(alice["access_token"], Deadline(0))
    assert control.calls("recently-played") == 0


def test_credentials_and_tokens_do_not_show_in_their_own_names(client, alice):
    tokens = client.refresh(APP, alice["refresh_token"], deadline())
    assert tokens.access_token not in repr(tokens)
    assert CLIENT_SECRET not in repr(APP)


class _Slow(BaseHTTPRequestHandler):
    """Rotates with each refresh, sets a cookie, and answers only when it may."""

    asked: threading.Event
    may_answer: threading.Event
    cookies: list[str | None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.cookies.append(self.headers["Cookie"])
        self.asked.set()
        self.may_answer.wait()
        body = orjson.dumps({"access_token": "a", "expires_in": 3600, "refresh_token": "new"})
        self.send_response(200)
        self.send_header("Set-Cookie", "listener=first; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def slow_accounts() -> Iterator[tuple[type[_Slow], SpotifyClient]]:
    handler = type("Handler", (_Slow,), {})
    handler.asked, handler.may_answer, handler.cookies = threading.Event(), threading.Event(), []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        client = SpotifyClient(url, url)
        try:
            yield handler, client
        finally:
            client._session.close()
            handler.may_answer.set()
            server.shutdown()
            thread.join()


def test_an_answer_on_its_way_when_the_work_is_stopped_is_not_thrown_away():
    end, found = deadline(), []
    with slow_accounts() as (accounts, client):
        asking = threading.Thread(target=lambda: found.append(client.refresh(APP, "old", end)))
        asking.start()
        accounts.asked.wait()
        end.stop()
        accounts.may_answer.set()
        asking.join()
    assert found == [Tokens("a", 3600, "new")]


def test_no_cookie_travels_from_one_person_to_the_next():
    with slow_accounts() as (accounts, client):
        accounts.may_answer.set()
        for token in ("alice", "bob"):
            client.refresh(APP, token, deadline())
    assert accounts.cookies == [None, None]
