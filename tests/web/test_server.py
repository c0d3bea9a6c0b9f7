"""When a request is worth a thread."""

from __future__ import annotations

import errno
import logging
import os
import runpy
import socket
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from selectors import DefaultSelector
from types import SimpleNamespace
from typing import Any

import pytest

from audiospective import clock, environment
from audiospective.web.server import REQUEST_BYTES, BoundedSocket, Worker, wanted
from tests.support.processes import until

HEAD = b"POST /waitlist HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("found", "bytes_wanted"),
    [
        (b"", REQUEST_BYTES),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", REQUEST_BYTES),
        (b"GET / HTTP/1.1\r\n\r\n", 18),
        (b"GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n", 18),
        (HEAD + b"Content-Length: 5\r\n\r\n", len(HEAD) + 21 + 5),
        (HEAD + b"content-length:5 \r\n\r\n12345", len(HEAD) + 21 + 5),
        (HEAD + b"Content-Length: 999999999\r\n\r\n", REQUEST_BYTES),
        (HEAD + b"Content-Length: many\r\n\r\n", len(HEAD) + 24),
        (HEAD + b"\r\nContent-Length: 5\r\n", len(HEAD) + 2),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", REQUEST_BYTES),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", len(HEAD) + 30),
    ],
)
def test_a_request_waits_for_its_head_and_a_short_body(found: bytes, bytes_wanted: int) -> None:
    assert wanted(found) == bytes_wanted


def test_a_request_that_came_with_the_one_before_is_no_probe_because_that_was_one() -> None:
    worker, counted = Worker.__new__(Worker), []
    settings = SimpleNamespace(settings=SimpleNamespace(trusted_proxies=0))
    worker.wsgi = SimpleNamespace(extensions={"audiospective": settings})
    worker.method_queue = SimpleNamespace(defer=print)
    worker.sources = SimpleNamespace(made=None, arrived=lambda _, whose: counted.append(whose))
    with BoundedSocket() as connection:
        conn = SimpleNamespace(sock=connection, client=("8.8.8.8", 1), parser=None)
        connection.begin_with(b"GET /healthz HTTP/1.1\r\n\r\n")
        worker.enqueue_req(conn)
        read = BytesIO(b"GET /dashboard HTTP/1.1\r\n\r\n")
        conn.parser = SimpleNamespace(unreader=SimpleNamespace(buf=read))
        worker.enqueue_req(conn)
    assert counted == ["8.8.8.8 probes", "8.8.8.8"]


def listening(monkeypatch: pytest.MonkeyPatch, accept: Callable[[Any], None]) -> Worker:
    """A worker that has just begun, with a listener of its own; `accept` instead of its own way."""
    worker = Worker.__new__(Worker)
    worker.sockets, worker.poller = [socket.create_server(("127.0.0.1", 0))], DefaultSelector()
    worker.alive, worker._accepting = True, False
    monkeypatch.setattr(worker, "accept", accept)
    worker.set_accept_enabled(True)
    return worker


def test_a_worker_that_is_told_to_end_while_it_starts_stops_listening_once(monkeypatch) -> None:
    taken: list[Any] = []
    worker = listening(monkeypatch, lambda listener: taken.append(listener.accept()[0]))
    (listener,) = worker.sockets
    with socket.create_connection(listener.getsockname()):
        worker.alive = False
        for enabled in (True, False):
            worker.set_accept_enabled(enabled)
        assert (len(taken), listener.fileno(), worker.sockets) == (1, -1, [])
        assert not worker.poller.get_map()
        taken.pop().close()


def test_a_worker_without_a_file_to_spare_ends_its_listening_all_the_same(monkeypatch) -> None:
    def full(_: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    worker = listening(monkeypatch, full)
    (listener,) = worker.sockets
    with socket.create_connection(listener.getsockname()):
        worker.alive = False
        worker.set_accept_enabled(False)
        assert listener.fileno() == -1


def test_a_worker_whose_master_is_gone_ends_as_one_that_is_told_to() -> None:
    worker = Worker.__new__(Worker)
    worker.alive, worker.ppid, worker.log = True, os.getppid(), logging.getLogger()
    assert worker.is_parent_alive()
    assert worker.alive
    worker.ppid = -1
    assert not worker.is_parent_alive()
    assert not worker.alive


@pytest.mark.parametrize(
    ("head", "waited", "sent", "is_left"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 1.0, "shut", True),
        (b"HEAD / HTTP/1.1\r\n\r\n", 60.0, "close", True),
        (b"GET / HTTP/1.1\r\n\r\n", 60.0, "", False),
        # it did not wait, so a program that shuts its side early gets its answer
        (b"GET / HTTP/1.1\r\n\r\n", -600.0, "shut", False),
        (HEAD + b"Content-Length: 1\r\n\r\na", 60.0, "close", False),
    ],
)
def test_a_page_that_waited_is_left_once_its_visitor_has_gone(
    head: bytes, waited: float, sent: str, is_left: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        visitor = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with visitor, BoundedSocket(fileno=accepted.detach()) as connection:
        visitor.sendall(head)
        until(connection.has_request, "the request is there")
        connection.came = clock.monotonic() - waited
        if sent == "shut":
            visitor.shutdown(socket.SHUT_WR)
        elif sent == "close":
            visitor.close()
        until(lambda: connection.is_left() == is_left, "the other side is seen")
        connection.allow(60)
        assert connection.recv(len(head), socket.MSG_PEEK) == head  # nothing was read


def test_who_shut_their_side_while_they_waited_is_told_to_come_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        visitor = socket.create_connection(server.getsockname(), timeout=60)
        accepted, _ = server.accept()
    with visitor, BoundedSocket(fileno=accepted.detach()) as connection:
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        until(connection.has_request, "the request is there")
        connection.came = clock.monotonic() - 60
        visitor.shutdown(socket.SHUT_WR)
        until(connection.is_left, "the other side is seen")
        assert Worker.__new__(Worker).handle(SimpleNamespace(sock=connection)) is False
        with visitor.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 5\r\n" in answer.read()


def test_the_web_processes_return_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "to be taken back when the test ends")
    monkeypatch.delenv("_RJEM_MALLOC_CONF")
    conf = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"
    arbiter = SimpleNamespace(cfg=SimpleNamespace(workers=1))
    runpy.run_path(str(conf))["on_starting"](arbiter)
    assert "dirty_decay_ms:0" in environment.given()["_RJEM_MALLOC_CONF"]
