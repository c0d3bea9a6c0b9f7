"""A stage for the tests: a supervisor in a process of its own, over small programs of any manners.

Run as a script it reads what to supervise from its argument, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiospective.supervisor import Program, StartError, Supervisor
from audiospective.supervisor.output import Output
from tests.support.processes import descendants, start, until

ROOT = Path(__file__).resolve().parent.parent.parent

HOLD = "import signal, os; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
AWAIT = "signal.sigwait([signal.SIGTERM])\n"
FOR_EVER = "signal.sigwait([signal.SIGUSR1])\n"

POLITE = HOLD + "print('hello from', os.getpid(), flush=True)\n" + AWAIT
STUBBORN = HOLD + "print('never', flush=True)\n" + FOR_EVER
# Forks a child into a process group of its own, as RQ does with its work horse.
PARENT = (
    HOLD
    + "horse = os.fork()\n"
    + "if horse == 0:\n"
    + "    os.setpgrp()\n"
    + f"    {FOR_EVER}"
    + "print('horse', horse, flush=True)\n"
    + AWAIT
)
# Leaves the session altogether, as a daemon does.
DAEMON = PARENT.replace("os.setpgrp()", "os.setsid()")


class Stage:
    """A running supervisor as seen from outside."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip())

    def sees(self, part: str, times: int = 1) -> str:
        """Wait until `part` was printed `times` times and return the last such line."""

        def found() -> list[str]:
            matching = [line for line in self.lines if part in line]
            return matching if len(matching) >= times else []

        lines: list[str] = until(found, f"{part!r} in {self.lines}")
        return lines[-1]

    def pid_of(self, name: str) -> int:
        """The process of a POLITE program, as it said itself."""
        return int(self.sees(f"{name} | hello from").split()[-1])

    def family(self) -> list[int]:
        return descendants(self.process.pid)

    def ends(self, seconds: float = 120) -> int:
        """Wait for the end and return the exit status."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        return status


def command(programs: dict[str, str | dict[str, Any]], grace: float = 20) -> list[str]:
    """The command line of a supervisor over Python snippets by name."""
    what = json.dumps({"programs": programs, "grace": grace})
    return [sys.executable, "-u", __file__, what]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def supervised(
    programs: dict[str, str | dict[str, Any]], *through: str, grace: float = 20
) -> Iterator[Stage]:
    """Supervise Python snippets by name; whatever the test leaves behind is killed."""
    process = start(
        [*through, *command(programs, grace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=environment(),
        start_new_session=True,
    )
    stage = Stage(process)
    try:
        yield stage
    finally:
        for pid in [*stage.family(), process.pid] if process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        stage.ends()
        process.stdout.close()


def _program(name: str, made: str | dict[str, Any]) -> Program:
    given: dict[str, Any] = {"code": made} if isinstance(made, str) else dict(made)
    command = (sys.executable, "-u", "-c", given.pop("code"))
    ready: Callable[[], bool] = lambda: True  # noqa: E731
    if wait_for := given.pop("wait_for", None):
        ready = Path(wait_for).exists
    return Program(name, command, ready=ready, **given)


def main() -> None:
    told = json.loads(sys.argv[1])
    programs = [_program(name, made) for name, made in told["programs"].items()]
    output = Output(sys.stdout, [program.name for program in programs])
    supervisor = Supervisor(programs, dict(os.environ), Path.cwd(), output, grace=told["grace"])
    try:
        supervisor.run(lambda: output.say("all up"))
    except StartError as error:
        sys.exit(str(error))
    output.say("all down")


if __name__ == "__main__":
    main()
