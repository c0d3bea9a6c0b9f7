"""Somebody who asks for much at once holds up nobody else."""

from __future__ import annotations

import os
import runpy
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.hosts.deployment import pages
from tests.jobs.stack import ROOT, running
from tests.support.processes import until
from tests.support.redis import emptied

SERVER = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
MANY = SERVER["threads"] + 4  # more than a process has threads
ASKED = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n"
# Pages that take for as long as nobody writes into a pipe.
HELD = """
exec(open({conf!r}).read())
usual = post_worker_init
def post_worker_init(worker):
    usual(worker)
    inner = worker.wsgi.wsgi_app
    def held(environ, start):
        if environ["PATH_INFO"] == "/status":
            open({pipe!r}, "rb").close()
        return inner(environ, start)
    worker.wsgi.wsgi_app = held
"""


def test_whoever_asks_for_more_pages_than_there_are_threads_delays_nobody_else(
    migrated_sqlite: Path, redis_server: str, tmp_path: Path
) -> None:
    pipe, settings = str(tmp_path / "pipe"), tmp_path / "held.conf.py"
    os.mkfifo(pipe)
    settings.write_text(HELD.format(conf=str(ROOT / "gunicorn.conf.py"), pipe=pipe))
    url = f"sqlite:///{migrated_sqlite}"
    with ExitStack() as opened:
        writers: list[int] = []
        opened.callback(lambda: [os.close(one) for one in writers])
        stack = opened.enter_context(running(url, emptied(redis_server), tmp_path / "home"))
        served = opened.enter_context(
            pages(stack, tmp_path, "--workers", "1", "--config", str(settings), TRUSTED_PROXIES="1")
        )
        # Whatever happens, nothing of the server is left waiting.
        opened.callback(lambda: writers.append(os.open(pipe, os.O_RDWR)))

        def ask(path: bytes, address: bytes) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", served), timeout=120)
            opened.enter_context(made).sendall(ASKED % (path, address))
            return made

        waiting = [ask(b"/status", b"198.51.100.1") for _ in range(MANY)]
        other = ask(b"/", b"198.51.100.2")
        assert other.recv(100).startswith(b"HTTP/1.1 200")
        probe = ask(b"/healthz", b"198.51.100.1")  # what stands in front may tell no addresses
        assert probe.recv(100).startswith(b"HTTP/1.1 200")
        writers.append(os.open(pipe, os.O_RDWR))  # from now on they take no time
        for one in waiting:
            until(lambda one=one: one.recv(100).startswith(b"HTTP/1.1 200"), "each its answer")
