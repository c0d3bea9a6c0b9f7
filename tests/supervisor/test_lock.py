"""One archive at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audiospective.supervisor import lock
from tests.supervisor.stage import environment
from tests.support.processes import start

HOLDER = """
import sys
from pathlib import Path
from audiospective.supervisor import lock
with lock.hold(Path(sys.argv[1]), "process of the test"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    process = start(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    with holder(path) as process:
        with pytest.raises(lock.AlreadyRunningError) as refused, lock.hold(path, "second"):
            pass
        assert refused.value.holder == "process of the test"
        process.kill()


def test_it_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    with holder(path) as process:
        process.kill()
        process.wait()
    with lock.hold(path, "next"):
        assert path.read_text() == "next"


def test_it_is_free_again_after_the_block(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    for about in ("first", "second"):
        with lock.hold(path, about):
            assert path.read_text() == about
        assert path.read_text() == ""
    assert path.stat().st_mode & 0o777 == 0o600
