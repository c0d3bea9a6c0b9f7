"""Whatever an answer does, the call that waits for it ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from audiospective import clock
from audiospective.clients import deadline
from audiospective.clients.consent import Consent
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyClient, SpotifyError
from audiospective.policy.failures import Failure

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = {
    "the status line": b"HTTP/1.1 200 " + b"O" * 900,
    "the headers": HEAD + b"X: " + b"x" * 900,
    "the body": HEAD + b"Content-Length: 900\r\n\r\n" + b" " * 900,
    "a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n384\r\n" + b" " * 900,
    "the chunk's size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 900,
}


@contextmanager
def dripping(answer: bytes, at_once: int) -> Iterator[str]:
    """A server that sends the start of an answer, then a byte every 20 milliseconds."""
    ended = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                try:
                    connection.sendall(answer[:at_once])
                    for position in range(at_once, len(answer)):
                        connection.sendall(answer[position : position + 1])
                        if ended.wait(0.02):
                            return
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.fixture(autouse=True)
def little_grace(monkeypatch):
    monkeypatch.setattr(deadline, "GRACE", 0.3)
    monkeypatch.setattr(deadline, "LANDING", 0.1)


@pytest.mark.parametrize("part", WHOLE)
def test_an_answer_that_drips_ends_with_its_deadline(part):
    head = len(HEAD) if part != "the status line" else 0
    began = clock.monotonic()
    with dripping(WHOLE[part], head) as url:
        client = SpotifyClient(url, url)
        with pytest.raises(SpotifyError) as raised:
            client.me("token", Deadline(0.3))
        assert raised.value.failure is Failure.NETWORK
        with pytest.raises(SpotifyError):
            client.refresh(Credentials("id", "secret"), "token", Deadline(0.1))
    assert clock.monotonic() - began < 15  # one of them alone would drip for longer


def test_a_sign_in_ends_when_spotify_drips():
    began = clock.monotonic()
    with dripping(WHOLE["the body"], len(HEAD)) as url:
        app = Credentials("id", "secret")
        with pytest.raises(SpotifyError):
            Consent(url, app, "http://127.0.0.1/callback").exchange("code", "v" * 43, Deadline(0.3))
        assert Consent(url, app, "http://127.0.0.1/callback").complaint(Deadline(0.3)) is None
    assert clock.monotonic() - began < 15  # one of them alone would drip for longer


def test_a_slow_answer_that_arrives_in_time_is_read():
    body = b'{"id": "alice"}'
    answer = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with dripping(answer, len(answer) - 8) as url:
        assert SpotifyClient(url, url).me("token", Deadline(10)).spotify_id == "alice"
