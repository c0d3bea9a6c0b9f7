"""The first command of a newcomer, whole: start, connect, see plays, stop, find them again."""

from __future__ import annotations

import html
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from audiospective.sandbox import RemoteControl
from tests.supervisor.stage import ROOT, Stage
from tests.support import losses
from tests.support.processes import alive, descendants, free_port, start, until

# Seconds at most, on a machine that does other things too.
PLAYS_ARRIVE, MORE_ARRIVE = 90, 240
KEPT_OUT = ("SPOTIFY_", "RESEND_", "AUDIOSPECTIVE_", "BASE_", "REDIS_", "DATABASE_", "STORAGE_")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
PERSON = re.compile(r'<input type="radio" name="listener" value="([^"]*)"')


@contextmanager
def up(home: Path, port: int, path: str, *, make: bool = False) -> Iterator[Stage]:
    """`up` from outside, or `make run`; what a failed test leaves behind is killed."""
    ports = ["--port", str(port), "--sandbox-port", str(free_port())]
    plain = [sys.executable, "-m", "audiospective", "up", *ports]
    given = {name: v for name, v in os.environ.items() if not name.startswith(KEPT_OUT)}
    process = start(
        ["make", "run", f"ARGS={' '.join(ports)}"] if make else plain,
        cwd=ROOT,
        env={**given, "AUDIOSPECTIVE_HOME": str(home), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    stage = Stage(process)
    try:
        stage.sees("Audiospective is at")
        yield stage
    finally:
        if process.poll() is None:
            for pid in [*stage.family(), process.pid]:
                os.kill(pid, signal.SIGKILL)
        stage.ends()
        assert process.stdout is not None
        process.stdout.close()


def stop(stage: Stage, home: Path) -> None:
    """Ctrl-C, and proof that nothing is left: no descendant, and nobody who holds on to `home`."""
    family = stage.family()
    assert len(family) >= 6
    os.killpg(stage.process.pid, signal.SIGINT)  # a terminal tells make and what it runs
    assert stage.ends(60) in (0, -signal.SIGINT), stage.lines  # make itself ends by the signal
    assert "Stopped." in stage.lines[-2:]
    assert not any("killed" in line for line in stage.lines), stage.lines
    assert [pid for pid in family if alive(pid)] == []
    assert [pid for pid in descendants(1) if _uses(pid, home)] == []


def _uses(pid: int, home: Path) -> bool:
    try:
        return str(home).encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def sandbox_of(stage: Stage) -> str:
    found = re.search(r"http://\S+", stage.sees("Spotify is played by"))
    assert found is not None
    return found.group()


def connect(visitor: requests.Session, base: str) -> str:
    """Press "connect", allow it as the first listener of the sandbox, and come back; who it is."""
    consent = visitor.get(f"{base}/connect", timeout=120)
    assert consent.status_code == 200
    fields = {name: html.unescape(value) for name, value in HIDDEN.findall(consent.text)}
    listener = html.unescape(PERSON.findall(consent.text)[0])
    fields |= {"listener": listener, "decision": "allow"}
    answer = visitor.post(
        urljoin(consent.url, "/authorize"), data=fields, timeout=120, allow_redirects=False
    )
    back = visitor.get(answer.headers["Location"], timeout=120, allow_redirects=False)
    assert back.status_code == 302, back.text
    assert visitor.get(f"{base}/dashboard", timeout=120).status_code == 200
    return listener


def stored(home: Path) -> list[tuple[int, int, int]]:
    """The keys of all plays in the archive, read beside the running programs."""
    with closing(sqlite3.connect(f"file:{home}/audiospective.db?mode=ro", uri=True)) as database:
        return database.execute("select user_id, played_at, track_id from plays").fetchall()


def shown(visitor: requests.Session, base: str) -> list[str]:
    """The plays on the dashboard."""
    page = visitor.get(f"{base}/dashboard", timeout=120)
    return re.findall(r'<li class="play-row">', page.text)


@pytest.mark.races
def test_a_newcomer_sees_plays_arrive_and_keep_arriving(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with requests.Session() as visitor, up(home, port, os.environ["PATH"], make=True) as stage:
        base = f"http://127.0.0.1:{port}"
        stage.sees(base)
        listener = connect(visitor, base)
        until(lambda: shown(visitor, base), "plays on the dashboard", PLAYS_ARRIVE)
        first = until(lambda: stored(home), "plays in the archive")
        sandbox = RemoteControl(sandbox_of(stage))
        sandbox.burst(listener=listener, count=3)
        until(lambda: len(stored(home)) >= len(first) + 3, "more plays", MORE_ARRIVE)
        stop(stage, home)


@pytest.mark.races
@pytest.mark.parametrize("with_redis", [True, False], ids=["redis on PATH", "no redis on PATH"])
def test_a_second_start_finds_yesterdays_archive(tmp_path: Path, with_redis: bool) -> None:
    home, port = tmp_path / "home", free_port()
    base = f"http://127.0.0.1:{port}"
    path = os.environ["PATH"] if with_redis else str(tmp_path)
    with requests.Session() as visitor:
        with up(home, port, path) as stage:
            connect(visitor, base)
            before = until(lambda: stored(home), "plays in the archive", PLAYS_ARRIVE)
            stop(stage, home)
        with up(home, port, path) as stage:
            assert shown(visitor, base)  # still signed in: the secrets are yesterday's, too
            losses.none_of(set(before) - set(stored(home)))
            stop(stage, home)
