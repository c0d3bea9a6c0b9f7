"""The website as it is deployed, in a process of its own: gunicorn, one worker, one visitor."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from cryptography.fernet import Fernet
from flask import Flask

from audiospective.accounts import sessions
from audiospective.models import User
from audiospective.supervisor import ports
from audiospective.supervisor.machine import web_command

HOST = "127.0.0.1"
HELLO = "/healthz"  # the whole stack, and nothing behind it
STEP = 0.05  # seconds between two looks at a server that starts
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for an answer, the first one of a new process too
_PER_TICK = os.sysconf("SC_CLK_TCK")


class NotAnsweredError(Exception):
    """A page that should open does not."""


@dataclass
class Website:
    """A running web server; `cookie` is the session of the member who looks at pages."""

    port: int
    pid: int
    cookie: str

    def visitor(self) -> Visitor:
        return Visitor(self)

    def processor(self) -> float:
        """Seconds of processor time of its workers; 0 where the system does not tell (macOS)."""
        return sum(_used(pid) for pid in self._workers())

    def peak_mb(self) -> float:
        """The most memory that a worker ever held, 0 where the system does not tell."""
        return max((_peak(pid) for pid in self._workers()), default=0.0)

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []


class Visitor:
    """One browser on one connection that is kept open."""

    def __init__(self, site: Website) -> None:
        self._connection = http.client.HTTPConnection(HOST, site.port, timeout=PATIENCE)
        self._cookie = site.cookie

    def get(self, address: str) -> bytes:
        """The body of a page as it comes over the line; raises NotAnsweredError but for 200."""
        headers = {"Cookie": self._cookie, "Accept-Encoding": "gzip"}
        self._connection.request("GET", address, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise NotAnsweredError(f"{address} answers {answer.status}")
        return body

    def close(self) -> None:
        self._connection.close()


@contextmanager
def home(url: str, redis_url: str) -> Iterator[dict[str, str]]:
    """Settings (environment) of a site on this database, whose files go with it."""
    port = ports.any_free(HOST)
    with tempfile.TemporaryDirectory(prefix="audiospective-bench-") as folder:
        yield {
            "AUDIOSPECTIVE_HOME": folder,
            "DATABASE_URL": url,
            "BASE_URL": f"http://{HOST}:{port}",
            "REDIS_URL": redis_url,
            "SECRET_KEY": "0" * 64,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "SPOTIFY_CLIENT_ID": "bench",
            "SPOTIFY_CLIENT_SECRET": "bench",
            "LOG_LEVEL": "ERROR",
            "WEB_CONCURRENCY": "1",
        }


@contextmanager
def running(settings: dict[str, str], app: Flask, user_id: int) -> Iterator[Website]:
    """A new web server with one worker; `user_id` is signed in. `app` has the same settings."""
    port = int(settings["BASE_URL"].rpartition(":")[2])
    command = [*web_command(HOST, port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, env={**_plain(), **settings}) as server:
        try:
            site = Website(port, server.pid, cookie(app, user_id))
            _await(site, server)
            yield site
        finally:
            server.terminate()


def cookie(app: Flask, user_id: int) -> str:
    """The session of a member who has just signed in, as a browser sends it."""
    key = sessions.begin(User.get_by_id(user_id), "spotify", "bench")
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    value = signer.dumps({"_user_id": key, "_fresh": True, "_permanent": True})
    return f"{app.config['SESSION_COOKIE_NAME']}={value}"


def _plain() -> dict[str, str]:
    """What a process needs to run at all, without settings of this machine."""
    return {
        "PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def _await(site: Website, server: subprocess.Popen[bytes]) -> None:
    """Until it answers; the worker may take a moment on a busy machine."""
    never = Event()
    for _ in range(int(PATIENCE / STEP)):
        if server.poll() is not None:
            break
        visitor = site.visitor()
        try:
            visitor.get(HELLO)
        except (ConnectionError, http.client.HTTPException):
            never.wait(STEP)
        else:
            return
        finally:
            visitor.close()
    raise NotAnsweredError("the web server did not start")


def _used(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _PER_TICK


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1_000_000
