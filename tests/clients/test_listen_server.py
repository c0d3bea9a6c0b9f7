"""Speaking with a server that a member names: what each answer means, and where no call goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from urllib3.connectionpool import HTTPConnectionPool

from audiospective.clients import listen_server
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    AwayError,
    BrokenError,
    BusyError,
    ForbiddenError,
    ListenServer,
    ListensRefusedError,
    SlowError,
    TokenRefusedError,
)

VALID = b'{"code": 200, "valid": true, "user_name": "alice"}'


class Answers(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    told: tuple[int, dict[str, str], bytes] = (200, {}, b'{"status": "ok"}')
    named: tuple[int, dict[str, str], bytes] | None = None  # to the question whose token it is
    asked: list[tuple[str, str, str, bytes]] = []  # noqa: RUF012 - one server, one test

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        token = self.headers["Authorization"]
        self.asked.append((self.command, self.path, token, self.rfile.read(size)))
        status, headers, body = self.named if self.named and "validate" in self.path else self.told
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ListenServer]:
    """On the loopback, which is let through for the test."""
    monkeypatch.setitem(listen_server.POOLS, "http", HTTPConnectionPool)
    monkeypatch.setattr(Answers, "asked", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield ListenServer(f"http://127.0.0.1:{http.server_port}/apis/lb", "secret", Deadline(60))
        http.shutdown()


@pytest.mark.parametrize("said", [b"{}", b'{"code": 200, "error": null}', b'{"code": "400"}'])
def test_what_says_nothing_of_an_error_is_a_yes(
    server: ListenServer, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(Answers, "told", (200, {}, said))
    server.submit([{}])


def test_listens_are_sent_with_the_token(server: ListenServer) -> None:
    server.submit([{"listened_at": 1}])
    server.submit([{"listened_at": 1}, {"listened_at": 2}])
    (one, many) = Answers.asked
    assert one[:3] == ("POST", "/apis/lb/1/submit-listens", "Token secret")
    assert b'"single"' in one[3]
    assert b'"import"' in many[3]


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ((401, {}, b"{}"), TokenRefusedError),
        ((400, {}, b'{"code": 400}'), ListensRefusedError),
        ((413, {}, b""), ListensRefusedError),
        ((422, {}, b"{}"), ListensRefusedError),
        ((404, {}, b"<html>"), AwayError),
        ((410, {}, b"{}"), AwayError),
        ((426, {}, b""), AwayError),
        ((500, {}, b"{}"), BrokenError),
        ((503, {}, b""), AwayError),
        ((200, {}, b'{"code": 200, "error": "Invalid Method"}'), AwayError),  # so says Maloja
        ((200, {}, b'{"code": 400, "error": "no"}'), ListensRefusedError),
        ((200, {}, b'{"code": 401}'), TokenRefusedError),
        ((200, {}, b'{"code": 429}'), BusyError),
        ((200, {}, b"<html>Welcome</html>"), AwayError),
        ((200, {}, b"[]"), AwayError),
        ((200, {}, b"x" * 100_000), AwayError),
        ((302, {"Location": "http://127.0.0.1:1/"}, b"{}"), AwayError),
    ],
)  # fmt: skip
def test_each_answer_has_its_meaning(
    server: ListenServer, monkeypatch: pytest.MonkeyPatch, told: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(Answers, "told", told)
    with pytest.raises(error) as found:
        server.submit([{}])
    assert found.type is error
    assert len(Answers.asked) == 1  # no second try, and no redirect is followed


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ((200, {}, VALID), ForbiddenError),
        ((403, {}, b""), ForbiddenError),
        ((200, {}, b'{"code": 200, "valid": false}'), TokenRefusedError),
        ((401, {}, b"{}"), TokenRefusedError),
        ((500, {}, b""), AwayError),
        ((400, {}, b"{}"), AwayError),  # which says nothing about the listens
    ],
)
def test_what_is_forbidden_is_the_token_only_if_the_server_says_so(
    server: ListenServer, monkeypatch: pytest.MonkeyPatch, named: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(Answers, "told", (403, {}, b""))
    monkeypatch.setattr(Answers, "named", named)
    with pytest.raises(error) as found:
        server.submit([{}])
    assert found.type is error
    assert [path for _, path, *_ in Answers.asked] == [
        "/apis/lb/1/submit-listens",
        "/apis/lb/1/validate-token",
    ]


@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Reset-In"])
def test_a_server_with_too_many_requests_says_when(
    server: ListenServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(Answers, "told", (429, {name: "90"}, b"{}"))
    with pytest.raises(BusyError) as found:
        server.submit([{}])
    assert found.value.pause == timedelta(seconds=90)


def test_a_token_has_a_name_or_is_refused(
    server: ListenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "told", (200, {}, VALID))
    assert server.name() == "alice"
    monkeypatch.setattr(Answers, "told", (200, {}, b'{"code": 200, "valid": false}'))
    with pytest.raises(TokenRefusedError):
        server.name()


@pytest.mark.parametrize(
    "root", ["https://127.0.0.1:9", "https://localhost:9", "http://127.0.0.1:9", "https://[::1]:9"]
)
def test_no_call_goes_to_this_machine(root: str) -> None:
    with pytest.raises(AwayError):
        ListenServer(root, "secret", Deadline(60)).submit([{}])


def test_no_call_is_made_when_the_time_is_over(server: ListenServer) -> None:
    server._end.stop()
    with pytest.raises(SlowError):
        server.submit([{}])
    assert Answers.asked == []
