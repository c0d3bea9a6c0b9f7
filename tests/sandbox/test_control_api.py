"""The control API over HTTP, the pages for people, and the wire itself."""

from __future__ import annotations

import http.client
import inspect
import socket
import threading
from datetime import UTC, datetime

import pytest
import requests

from audiospective.sandbox import Control, ControlError, RemoteControl, SandboxServer
from audiospective.sandbox.control import VERBS
from tests.sandbox.conftest import Client


def test_a_remote_handle_has_the_same_verbs(sandbox: SandboxServer) -> None:
    remote = RemoteControl(sandbox.url)
    remote.make_listener(id="alice")
    remote.set_clock(at=datetime(2027, 1, 1, tzinfo=UTC))
    remote.freeze()
    assert remote.now().startswith("2027-01-01T00:00:00")
    remote.burst(listener="alice", count=60)
    assert remote.balance(listener="alice")["before"] == 10
    number = remote.fault(name="status", times=3)
    assert [fault["id"] for fault in remote.faults()] == [number]
    remote.clear(id=number)
    assert remote.faults() == []


@pytest.mark.parametrize(
    ("verb", "arguments", "complaint"),
    [
        ("dance", {}, "no such verb"),
        ("world", {}, "no such verb"),
        ("burst", {"listener": "nobody"}, "unknown: nobody"),
        ("burst", {"listner": "alice"}, "unexpected keyword"),
        ("fault", {"name": "gremlin"}, "no such fault"),
        ("make_listener", {"habit": "manic"}, "no such habit"),
        ("set_app", {"mode": "free"}, "no such mode"),
        ("set_app", {"client_id": "nobody"}, "unknown: nobody"),
        ("set_listener", {"listener": "alice", "id": "x"}, "cannot change id"),
        ("play", {"listener": "alice", "playd_at": 1}, "a play has no playd_at"),
        ("plays", {"listener": "alice", "state": "gone"}, "no such state"),
        ("set_clock", {"at": "2027-01-01T00:00:00"}, "needs a time zone"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    sandbox: SandboxServer, control: Control, verb: str, arguments: dict[str, str], complaint: str
) -> None:
    control.make_listener("alice")
    with pytest.raises(ControlError, match=complaint):
        getattr(RemoteControl(sandbox.url), verb)(**arguments)


def test_a_web_page_cannot_press_the_buttons(sandbox: SandboxServer) -> None:
    answer = requests.post(f"{sandbox.url}/__control/clear", data="{}", timeout=60)
    assert answer.status_code == 415
    for body in ("[]", "{"):
        answer = requests.post(
            f"{sandbox.url}/__control/clear",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.status_code == 400


def test_every_verb_is_listed_and_documented(
    sandbox: SandboxServer, request: pytest.FixtureRequest
) -> None:
    listed = requests.get(f"{sandbox.url}/__control/", timeout=60).json()
    assert set(listed) == VERBS
    assert all(listed.values())
    text = (request.config.rootpath / "docs" / "sandbox.md").read_text()
    assert [verb for verb in sorted(VERBS) if f"`{verb}" not in text] == []
    for verb in VERBS:
        assert "self" in inspect.signature(getattr(Control, verb)).parameters


def test_a_thousand_people_are_made_at_once(sandbox: SandboxServer, control: Control) -> None:
    people = control.make_listeners(1000, habit="steady", zones=["UTC", "Asia/Tokyo"])
    assert len(set(people)) == 1000
    tokens = control.mint_many(people)
    assert len({token["access_token"] for token in tokens}) == 1000
    assert len({token["account_id"] for token in tokens}) == 1000
    assert control.make_listeners(3)[0] == people[0], "the same prefix gives the same people"


def test_calls_are_counted_by_whom_and_what(client: Client, control: Control) -> None:
    client.recent()
    client.recent(limit=99)
    client.get("/me")
    client.refresh()
    assert control.calls() == 4
    assert control.calls("recently-played") == 2
    assert control.calls("recently-played", status=400) == 1
    assert control.calls("token") == control.calls("token.refresh") == 1
    assert control.calls(listener="alice", app="sandbox-client") == 4
    assert control.calls(listener="bob") == 0
    assert control.calls_by("status") == {"200": 3, "400": 1}
    assert [call["endpoint"] for call in control.call_log()][-1] == "token.refresh"
    control.reset_calls()
    assert (control.calls(), control.call_log()) == (0, [])


def test_the_clock_can_stand_jump_and_return(control: Control) -> None:
    control.freeze("2026-03-29T00:59:59Z")
    assert control.now() == control.now() == "2026-03-29T00:59:59.000Z"
    assert control.advance(seconds=1.5) == "2026-03-29T01:00:00.500Z"
    control.unfreeze()
    assert control.now() >= "2026-03-29T01:00:00.500Z"
    control.real_time()
    assert abs(datetime.fromisoformat(control.now()) - datetime.now(UTC)).total_seconds() < 60


def test_removing_access_on_the_account_page_revokes_the_grant(
    client: Client, control: Control
) -> None:
    page = client.session.get(f"{client.sandbox.url}/account/apps", timeout=60).text
    assert "Alice" in page
    (grant,) = client.sandbox.state.grants.of("alice")
    after = client.session.post(
        f"{client.sandbox.url}/account/apps", data={"grant": grant.id}, timeout=60
    )
    assert "Nobody has let an app in" in after.text
    assert client.refresh().json()["error_description"] == "Refresh token revoked"
    again = client.session.post(
        f"{client.sandbox.url}/account/apps", data={"grant": "x"}, timeout=60
    )
    assert again.status_code == 404


def test_the_first_page_tells_what_is_going_on(client: Client, control: Control) -> None:
    client.get("/me")
    control.fault("status", endpoint="albums")
    page = client.session.get(client.sandbox.url, timeout=60).text
    assert "This is not Spotify" in page
    assert "status at albums" in page


def test_one_connection_serves_many_requests(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.sandbox.port, timeout=60)
    headers = {"Authorization": f"Bearer {client.tokens['access_token']}"}
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("GET", "/v1/me", headers=headers)
        assert len(connection.getresponse().read()) > 100
    connection.request("HEAD", "/v1/me", headers=headers)
    answer = connection.getresponse()
    assert int(answer.headers["Content-Length"]) > 100
    assert answer.read() == b""
    connection.request("POST", "/api/token", body="grant_type=x", headers={})
    assert connection.getresponse().read()
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize(
    "lines",
    [
        "POST /emails HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /emails HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        "POST /emails HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_a_body_of_no_known_length_ends_the_connection(sandbox: SandboxServer, lines: str) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=60) as connection:
        connection.sendall(lines.encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 411 ")


def test_stopping_ends_stalls_and_open_connections() -> None:
    with SandboxServer() as sandbox:
        sandbox.control.fault("stall", seconds=3600, endpoint="accounts")
        connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=60)
        host = f"Host: 127.0.0.1:{sandbox.port}\r\n".encode()
        connection.sendall(b"POST /api/token HTTP/1.1\r\n" + host + b"Content-Length: 0\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", sandbox.port), timeout=60)
        idle.sendall(b"HEAD / HTTP/1.1\r\n" + host + b"\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200 ")
        while not sandbox.control.faults()[0]["hits"]:
            threading.Event().wait(0.005)
    with connection, idle:
        assert connection.recv(10) == idle.recv(10) == b""
