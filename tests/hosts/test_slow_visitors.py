"""Visitors who send or take little by little hold up nobody else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from audiospective import clock
from audiospective.models.waitlist import WaitlistEntry
from audiospective.web import server
from tests.hosts.deployment import pages, web_process
from tests.jobs.stack import ROOT, running
from tests.support.processes import accepts, descendants, until
from tests.support.redis import emptied

ONE_AT_A_TIME = ("--workers", "1", "--threads", "1")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("slow")


@pytest.fixture(scope="module")
def stack(migrated_sqlite, redis_server, home):
    """One archive for all of these visitors: none of them gets so far as to write into it."""
    shutil.copyfile(migrated_sqlite, home / "archive.db")
    url = f"sqlite:///{home}/archive.db"
    with running(url, emptied(redis_server), home / "home") as built:
        yield built


@pytest.fixture(scope="module")
def port(stack, home):
    """The pages, by one process that answers one request at a time."""
    with pages(stack, home, *ONE_AT_A_TIME) as served:
        yield served


@contextmanager
def half_sent(port: int, count: int, text: bytes) -> Iterator[list[socket.socket]]:
    """Connections over which part of a request was sent."""
    with ExitStack() as held:
        made = []
        for _ in range(count):
            one = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            one.sendall(text)
            made.append(one)
        yield made


def is_answered_at_once(port: int) -> bool:
    """Whether an answer waits for no half-sent request to be given up, which takes a while."""
    before = clock.monotonic()
    assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200
    return clock.monotonic() - before < 0.75 * server.REQUEST_SECONDS


POST = b"POST /waitlist HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HALF_SENT = (
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    POST + b"Content-Length: 200\r\n\r\nemail=",
    POST + b"Content-Length: 30000\r\n\r\n" + b"x" * 29_999,
    POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nemail=\r\n",
)


def test_half_sent_requests_hold_up_nobody(port):
    with ExitStack() as held:
        for text in HALF_SENT:
            held.enter_context(half_sent(port, 8, text))
        assert is_answered_at_once(port)


def test_half_sent_requests_are_given_up_after_their_time(stack, tmp_path):
    settings = tmp_path / "hurried.conf.py"  # the usual ones with less patience
    settings.write_text(
        f"exec(open({str(ROOT / 'gunicorn.conf.py')!r}).read())\n"
        "from audiospective.web import server\n"
        "server.REQUEST_SECONDS = 2.0\n"
    )
    with ExitStack() as held:
        hurried = held.enter_context(
            pages(stack, tmp_path, *ONE_AT_A_TIME, "--config", str(settings))
        )
        all_of_them = [
            one for text in HALF_SENT for one in held.enter_context(half_sent(hurried, 8, text))
        ]
        assert all(_is_closed(one) for one in all_of_them)
        assert is_answered_at_once(hurried)


def test_a_request_in_pieces_is_answered_all_the_same(port):
    with half_sent(port, 1, b"GET /hea") as held:
        for piece in (b"lthz HTTP/1.1\r\nHost: 127", b".0.0.1\r\n", b"\r", b"\n"):
            assert is_answered_at_once(port)
            held[0].sendall(piece)
        assert held[0].recv(100).startswith(b"HTTP/1.1 200")
        held[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1")  # the next one, kept alive
        assert is_answered_at_once(port)
        held[0].sendall(b"\r\n\r\n")
        until(lambda: b"HTTP/1.1 200" in held[0].recv(4096), "the second answer")


def test_a_large_body_of_a_stranger_is_refused_before_it_is_read(port):
    for path, status in ((b"/waitlist", b"413"), (b"/imports", b"401")):
        head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 200000\r\n\r\n"
        text = head % (path, port) + b"x" * 65_536
        with half_sent(port, 1, text) as held:
            assert is_answered_at_once(port)
            assert held[0].recv(100).startswith(b"HTTP/1.1 " + status)


def test_a_form_that_breaks_off_is_not_taken_for_a_whole_one(port):
    page = requests.get(f"http://127.0.0.1:{port}/waitlist", timeout=60)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    form = f"csrf_token={token}&email=ana%40example.org"
    head = (
        f"POST /waitlist HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Cookie: {page.headers['Set-Cookie'].partition(';')[0]}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form) + 20}\r\n\r\n{form}"
    )
    with half_sent(port, 1, head.encode()) as held:
        held[0].shutdown(socket.SHUT_WR)
        assert held[0].recv(100).startswith(b"HTTP/1.1 400")
    assert WaitlistEntry.select().count() == 0


def test_who_was_let_in_is_answered_though_the_server_ends(stack, tmp_path):
    with web_process(stack, tmp_path, *ONE_AT_A_TIME) as (port, master):
        (worker,) = descendants(master.pid)
        os.kill(worker, signal.SIGSTOP)
        with half_sent(port, 8, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as held:
            master.terminate()
            os.kill(worker, signal.SIGTERM)
            os.kill(worker, signal.SIGCONT)
            assert [one.recv(12) for one in held] == [b"HTTP/1.1 200"] * len(held)
        assert master.wait(60) == 0


def test_a_server_that_ends_refuses_the_next_visitor_so_that_a_proxy_asks_another(stack, tmp_path):
    settings = tmp_path / "lingering.conf.py"
    settings.write_text(
        f"exec(open({str(ROOT / 'gunicorn.conf.py')!r}).read())\n"
        "from gunicorn.workers import gthread\n"
        "gthread.STOP_KEEPALIVE_LINGER = 20.0\n"
        "graceful_timeout = 60\n"
    )
    with web_process(stack, tmp_path, *ONE_AT_A_TIME, "--config", str(settings)) as (port, master):
        with half_sent(port, 1, b"GET /healthz HTTP/1.1\r\n") as held:
            master.terminate()
            until(lambda: not accepts(port), "nobody is let in any more")
            held[0].sendall(b"Host: 127.0.0.1\r\n\r\n")
            assert held[0].recv(12) == b"HTTP/1.1 200"
        assert master.wait(60) == 0


def test_the_log_of_the_server_repeats_no_path(stack, tmp_path):
    with pages(stack, tmp_path, *ONE_AT_A_TIME) as own:
        for text in (
            b"GET /sign-in/link/TOKENTOKEN HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
            b"GET /sign-in/link/TOKENTOKEN\r\n\r\n",
            b"\x00\xffGET /sign-in/link/TOKENTOKEN HTTP/1.1\r\n\r\n",
            b"GET /sign-in/link/TOKENTOKEN HTTP/1.1\r\nHost: 127.0.0.1\r\nA b: c\r\n\r\n",
        ):
            with half_sent(own, 1, text) as held:
                assert held[0].recv(100).startswith(b"HTTP/1.1 4")
    said = (tmp_path / "web.log").read_text()  # whole: it may tell of a request after the answer
    assert "a request that is not HTTP was refused" in said
    assert "TOKENTOKEN" not in said


def test_a_script_name_from_a_proxy_on_this_machine_begins_no_link(port):
    answer = requests.get(
        f"http://127.0.0.1:{port}/sign-in",
        headers={"SCRIPT_NAME": "//evil.example"},
        timeout=60,
    )
    assert answer.status_code == 200
    assert "evil" not in answer.text


def _is_closed(one: socket.socket) -> bool:
    try:
        return one.recv(100) == b""
    except ConnectionResetError:
        return True
