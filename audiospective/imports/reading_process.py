"""Runs the process that reads files, watches it, and ends it when it takes too long or too much."""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import audiospective
from audiospective import clock, environment
from audiospective.imports import child
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.policy.import_limits import READ_SECONDS

TICK = 2.0  # seconds after which whoever waits hears something, also when nothing happens
ENVIRONMENT = {  # no secrets of ours
    "TZ": "UTC",
    "PYTHONUTF8": "1",
    "POLARS_MAX_THREADS": "1",  # columns are the smaller part; more would mostly wait for work
    # Room that a piece of a file took is used again for the next, instead of given back and asked
    # for anew: that took an eighth of the time (glibc).
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_ARENA_MAX": "1",  # of all threads: what one gave back the others use
}
_HOME = Path(audiospective.__file__).parent.parent


class AccidentError(Exception):
    """The process ended without an answer: out of memory or time, killed, or a fault of ours."""


def run(order: child.Order, tick: Callable[[int], None], seconds: float = READ_SECONDS) -> Findings:
    """What the files hold; the tables are in `order.out`.

    `tick` is called with the number of rows so far, at least every few seconds; whatever it raises
    ends the process. Raises RefusedError for files that will never do, and AccidentError.
    """
    deadline = clock.monotonic() + seconds
    with subprocess.Popen(
        [sys.executable, "-m", child.__name__],
        cwd=_HOME,
        env={**environment.of_interpreter(), **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(order.dumps())
            process.stdin.flush()  # and left open: its end is what ends the process with us
            trouble = _watch(process, tick, deadline)
            code = process.wait(timeout=TICK * 15)
        except subprocess.TimeoutExpired:
            raise AccidentError("it took too long") from None
        finally:
            process.kill()
    out = Path(order.out)
    if code == child.REFUSED:
        raise RefusedError((out / child.REFUSAL).read_text())
    if code != child.OK:
        raise AccidentError(f"it ended with {code}: {trouble}")
    return Findings.loads((out / child.FINDINGS).read_bytes())


def _watch(process: subprocess.Popen[bytes], tick: Callable[[int], None], deadline: float) -> str:
    """Until its output ends; returns the last line of what it complained about."""
    assert process.stdout is not None
    assert process.stderr is not None
    rows, rest, trouble = 0, b"", b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            if clock.monotonic() > deadline:
                raise AccidentError("it took too long")
            for key, _ in selector.select(TICK):
                piece = key.fileobj.read1(1 << 16)  # type: ignore[union-attr]
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    trouble = (trouble + piece)[-2_000:]
                else:
                    *lines, rest = (rest + piece).split(b"\n")
                    rows = int(lines[-1]) if lines else rows
            tick(rows)
    last = trouble.decode(errors="replace").strip().splitlines()
    return last[-1][:300] if last else ""
