"""Servers of a bench's own: the queue, the sandbox; each ends with the bench."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as AwayError
from redis.retry import Retry

from audiospective import environment
from audiospective.supervisor import ports
from audiospective.supervisor.queue import configure, find_server

HOST = "127.0.0.1"
FIRST_PORT = 16_379
PASSWORD = "bench"  # noqa: S105 - of a server that only this process knows
TRIES = 200


@dataclass(frozen=True)
class Sandbox:
    """A sandbox in a process of its own: its address, its app, and the verbs of its control."""

    url: str
    client_id: str
    client_secret: str
    control: Any


class NotStartedError(Exception):
    """A server that a bench needs did not start."""


@contextmanager
def queue() -> Iterator[str]:
    """The URL of an empty Redis."""
    port = ports.first_free(HOST, FIRST_PORT)
    if port is None:
        raise NotStartedError(f"no port is free above {FIRST_PORT}")
    with tempfile.TemporaryDirectory(prefix="audiospective-bench-") as home:
        file = configure(Path(home), HOST, port, PASSWORD)
        command = [str(find_server(environment.inherited().get("PATH"))), str(file)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            url = f"redis://:{PASSWORD}@{HOST}:{port}/0"
            try:
                patient = Retry(ConstantBackoff(0.05), TRIES, (AwayError,))
                with Redis.from_url(url, retry=patient) as client:
                    client.ping()
                yield url
            finally:
                server.terminate()


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that does not share this process's interpreter lock."""
    from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, RemoteControl

    command = [sys.executable, "-m", "audiospective", "sandbox", "--port", "0", "--no-demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            address = next((word for word in line.split() if word.startswith("http")), None)
            if address is None:
                raise NotStartedError("the sandbox did not start")
            yield Sandbox(address, CLIENT_ID, CLIENT_SECRET, RemoteControl(address, 120))
        finally:
            server.terminate()
