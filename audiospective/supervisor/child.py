"""One program while it runs: its process, its output, and when it may start again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from audiospective import clock
from audiospective.supervisor import process_tree
from audiospective.supervisor.output import Lines
from audiospective.supervisor.program import Program

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a restart; doubled each time
KEPT_LINES = 20  # of a quiet program
STEADY = 60.0  # seconds of life after which the next death counts as the first


class Child:
    """A program and its present process, if it has one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.status: int | None = None  # of the last process that ended
        self.deaths = 0  # in a row
        self.killed = False
        self.kept: deque[str] = deque(maxlen=KEPT_LINES)  # what a quiet program said last
        self.restart_at: float | None = None  # by clock.monotonic()
        self._started_at = 0.0
        self._lines = Lines()

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def running(self) -> bool:
        return self.process is not None

    def start(self, environment: Mapping[str, str], directory: Path) -> int:
        """Start the program in a session of its own and return the descriptor of its output.

        The session keeps the terminal's Ctrl-C away from it, so the order of stopping is ours.
        """
        self.restart_at = None
        self._started_at = clock.monotonic()
        self._lines = Lines()
        self.killed = False
        self.process = subprocess.Popen(
            self.program.command,
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=process_tree.end_with_parent,  # noqa: PLW1509 - the supervisor has no threads
        )
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        os.set_blocking(descriptor, False)
        return descriptor

    def read(self) -> tuple[list[str], bool]:
        """The lines written since the last call, and whether more may come."""
        if self.process is None or self.process.stdout is None:
            return [], False
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return [], True
        return (self._lines.feed(data), True) if data else (self._lines.end(), False)

    def ask_to_end(self) -> None:
        """SIGTERM to the process itself: it knows best how to wind down its own children."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything it started, at once."""
        if self.process is not None:
            self.killed = True
            pid = self.process.pid
            process_tree.kill({pid} | process_tree.descendants(pid) | process_tree.session_of(pid))

    def ended(self, status: int) -> None:
        """Its process has been reaped: end what it left behind and count the death."""
        assert self.process is not None
        process_tree.kill(process_tree.session_of(self.process.pid))
        self.process.returncode = status  # reaped here, so Popen must not wait for it
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        self.status = status
        steady = clock.monotonic() - self._started_at >= STEADY
        self.deaths = 1 if steady else self.deaths + 1

    def plan_restart(self) -> float:
        """Decide when it starts again; returns the pause in seconds."""
        pause = float(min(FIRST_PAUSE * 2 ** (self.deaths - 1), LONGEST_PAUSE))
        self.restart_at = clock.monotonic() + pause
        return pause


def describe(status: int | None) -> str:
    """How a process ended, in words."""
    if status is not None and status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
