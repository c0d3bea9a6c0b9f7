"""What runs on one machine, in the order of starting, and the addresses it is found at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audiospective.supervisor import queue
from audiospective.supervisor.program import Program
from audiospective.supervisor.ready import http_answers, redis_answers

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent.parent
WEB_WORKERS = 1  # one process is enough for a household, and saves its memory
WEB_GRACE = 10  # seconds for open requests


@dataclass(frozen=True)
class QueueServer:
    """The embedded Redis or Valkey: which binary, where its data is, and how to reach it."""

    binary: Path
    directory: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def program(self) -> Program:
        """The server with its configuration written."""
        file = queue.configure(self.directory, LOOPBACK, self.port, self.password)
        return Program(
            "queue",
            (str(self.binary), str(file)),
            ready=redis_answers(LOOPBACK, self.port, self.password),
            foundation=True,
            quiet=True,
        )


@dataclass(frozen=True)
class Sandbox:
    """The stand-in for Spotify and for the mail provider."""

    port: int
    home: Path

    CLIENT = ("sandbox-client", "sandbox-secret")

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What points the other programs at it."""
        return {
            "SPOTIFY_CLIENT_ID": self.CLIENT[0],
            "SPOTIFY_CLIENT_SECRET": self.CLIENT[1],
            "SPOTIFY_ACCOUNTS_URL": self.url,
            "SPOTIFY_API_URL": f"{self.url}/v1",
            "RESEND_API_KEY": "sandbox-key",
            "RESEND_API_URL": self.url,
            "MAIL_FROM": "Audiospective <post@audiospective.example>",
        }

    def program(self) -> Program:
        self.home.mkdir(parents=True, exist_ok=True)
        where = ("--host", LOOPBACK, "--port", str(self.port), "--home", str(self.home))
        return Program(
            "sandbox",
            _module("audiospective", "sandbox", *where),
            ready=http_answers(LOOPBACK, self.port),
            foundation=True,
        )


def programs(
    host: str, port: int, queue_server: QueueServer | None, sandbox: Sandbox | None
) -> list[Program]:
    """Everything, first to start first; `host` and `port` are the web server's."""
    made: list[Program] = []
    if queue_server is not None:
        made.append(queue_server.program())
    made.append(Program("migrate", _module("audiospective", "migrate"), once=True))
    if sandbox is not None:
        made.append(sandbox.program())
    made += [
        Program("web", web_command(host, port), ready=_web_ready(host, port)),
        Program("worker", (sys.executable, str(ROOT / "worker.py"))),
        Program("bulk", (sys.executable, str(ROOT / "worker.py"), "bulk")),
        Program("scheduler", (sys.executable, str(ROOT / "scheduler.py"))),
    ]
    return made


def web_command(host: str, port: int) -> tuple[str, ...]:
    """The web server; quiet, since its own log line per request tells a household nothing."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    options = {
        "--bind": bind,
        "--workers": str(WEB_WORKERS),
        "--graceful-timeout": str(WEB_GRACE),
        "--log-level": "warning",
    }
    flat = [word for option in options.items() for word in option]
    # The rest, threads and time limits, is in gunicorn.conf.py, which gunicorn reads by itself.
    return _module("audiospective.web", *flat)


def _web_ready(host: str, port: int) -> Callable[[], bool]:
    everywhere = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared, not bound
    return http_answers(everywhere.get(host, host), port)


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)
