"""A deployment's processes on whatever servers a host brings."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.jobs.stack import ROOT, Stack
from tests.support.processes import free_port, start, stop, until


def procfile(release: Path) -> dict[str, str]:
    """Commands by the kind of process."""
    lines = (release / "Procfile").read_text().splitlines()
    return {kind: command.strip() for kind, _, command in (line.partition(":") for line in lines)}


@contextmanager
def pages(stack: Stack, home: Path, *options: str, **environment: str) -> Iterator[int]:
    """The web process as the Procfile starts it, with more `options`; yields its port."""
    with web_process(stack, home, *options, **environment) as (port, _):
        yield port


@contextmanager
def web_process(
    stack: Stack, home: Path, *options: str, **environment: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The same; yields its port and the master process."""
    port = free_port()
    log = home / "web.log"
    home.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, *shlex.split(procfile(ROOT)["web"])[1:]),
        *("--bind", f"127.0.0.1:{port}", *options),
    ]
    with log.open("wb") as output:
        web = start(
            command,
            cwd=ROOT,
            env={**stack.environment, "BASE_URL": f"http://127.0.0.1:{port}", **environment},
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: web.poll() is not None or answers(port), "the pages answer")
        assert web.poll() is None, log.read_text()
        yield port, web
    finally:
        stop(web)


def audiospective(stack: Stack, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """A command; its status, what it said, and its complaints."""
    done = subprocess.run(
        [sys.executable, "-m", "audiospective", *arguments],
        cwd=ROOT,
        env={**stack.environment, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def answers(port: int) -> bool:
    """Whether the pages are served on that port."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).ok
    except requests.ConnectionError:
        return False
