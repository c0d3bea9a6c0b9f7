"""The loop: start in order, watch, restart what dies, stop in order, leave nothing behind."""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from audiospective import clock
from audiospective.supervisor import process_tree
from audiospective.supervisor.child import Child, describe
from audiospective.supervisor.output import Output
from audiospective.supervisor.program import Program
from audiospective.supervisor.terminal import Terminal

GRACE = 25.0  # seconds to wind down; a worker may need most of Heroku's 30
PATIENCE = 60.0  # seconds until a program must be ready
TRIES = 3  # starts before a program that was never ready is given up
LOOK = 0.1  # seconds between two questions whether a program is ready
ECHO = 1.0  # seconds in which a second request to stop is still the first one
WATCH = 1.0  # seconds between two looks at the terminal
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(Exception):
    """A program could not be brought up; the message is one line for the operator."""


class Supervisor:
    """Runs programs until a signal asks to stop. One thread, one loop, no locks."""

    def __init__(
        self,
        programs: Sequence[Program],
        environment: Mapping[str, str],
        directory: Path,
        output: Output,
        *,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> None:
        self._children = [Child(program) for program in programs]
        self._environment = environment
        self._directory = directory
        self._output = output
        self._grace = grace
        self._patience = patience
        self._terminal = Terminal()
        self._selector = selectors.DefaultSelector()
        self._stop_asked: float | None = None  # when we were first asked to, by clock.monotonic()
        self._hurry = False  # asked again, by a person who does not want to wait

    def run(self, started: Callable[[], None]) -> None:
        """Bring everything up, call `started`, and return when all is stopped.

        Raises StartError if a program cannot be brought up; everything is stopped then, too.
        """
        process_tree.adopt_orphans()
        with self._signals():
            try:
                for child in self._children:
                    self._bring_up(child)
                if not self._asked_to_stop():
                    started()
                while not self._asked_to_stop():
                    self._turn(WATCH)
            finally:
                self._stop()

    def _asked_to_stop(self) -> bool:
        return self._stop_asked is not None

    def _bring_up(self, child: Child) -> None:
        """Start a program and wait until it is ready, or until we are asked to stop."""
        if self._asked_to_stop():
            return
        self._start(child)
        deadline = clock.monotonic() + self._patience
        while not self._asked_to_stop() and not self._is_up(child):
            if child.deaths >= TRIES:
                raise StartError(f"{child.name} does not start: it {describe(child.status)}.")
            if clock.monotonic() > deadline:
                raise StartError(f"{child.name} is not ready after {self._patience:g} seconds.")
            self._turn(LOOK)
        child.deaths = 0

    def _is_up(self, child: Child) -> bool:
        if not child.program.once:
            return child.running and child.program.ready()
        if child.running or child.status == 0:
            return not child.running
        raise StartError(f"{child.name} {describe(child.status)}.")

    def _start(self, child: Child) -> None:
        try:
            descriptor = child.start(self._environment, self._directory)
        except OSError as error:
            raise StartError(f"{child.name} cannot be started: {error}.") from error
        self._selector.register(descriptor, selectors.EVENT_READ, child)

    def _turn(self, longest: float) -> None:
        """Wait for something to happen, `longest` seconds at most, and deal with it."""
        now = clock.monotonic()
        waits = [c.restart_at - now for c in self._children if c.restart_at is not None]
        for key, _ in self._selector.select(max(min([*waits, longest]), 0)):
            if isinstance(key.data, Child):
                self._show(key.data)
            else:
                os.read(key.fd, 4096)  # a signal woke us; its handler has run
        process_tree.reap(self._ended)
        if self._terminal.gone():
            self._note_request(signal.SIGHUP, None)
        for child in self._children:
            if child.restart_at is not None and child.restart_at <= clock.monotonic():
                self._start_again(child)

    def _start_again(self, child: Child) -> None:
        try:
            self._start(child)
        except StartError as error:  # the machine is short of something; that may pass
            child.deaths += 1
            self._output.line(child.name, f"{error} Next try in {child.plan_restart():g} s")

    def _show(self, child: Child) -> None:
        lines, more = child.read()
        self._print(child, lines)
        if not more and child.process is not None and child.process.stdout is not None:
            self._forget(child)

    def _print(self, child: Child, lines: list[str]) -> None:
        if child.program.quiet:
            child.kept.extend(lines)
            return
        for line in lines:
            self._output.line(child.name, line)

    def _forget(self, child: Child) -> None:
        """Stop listening to a child's output; it may have closed it long before it ends."""
        assert child.process is not None
        assert child.process.stdout is not None
        registered = self._selector.get_map()
        if child.process.stdout.fileno() in registered:
            self._selector.unregister(child.process.stdout.fileno())

    def _ended(self, pid: int, status: int) -> None:
        """A process was reaped: one of ours, or an orphan that was only adopted."""
        for child in self._children:
            if child.process is not None and child.process.pid == pid:
                break
        else:
            return
        # What it still said, and a last half line.
        self._print(child, [*child.read()[0], *child.read()[0]])
        self._forget(child)
        child.ended(status)
        if self._asked_to_stop() or child.program.once:
            return
        for line in child.kept:
            self._output.line(child.name, line)
        child.kept.clear()
        pause = child.plan_restart()
        self._output.line(child.name, f"{describe(status)}; starts again in {pause:g} s")

    def _stop(self) -> None:
        """End all programs: those that serve people first, what they stand on last."""
        self._stop_asked = self._stop_asked or clock.monotonic()
        for child in self._children:
            child.restart_at = None
        for foundation in (False, True):
            self._wind_down([c for c in self._children if c.program.foundation is foundation])
        while stray := process_tree.descendants(os.getpid()):  # left the session, or was adopted
            process_tree.kill(stray)
            self._turn(LOOK)
        self._selector.close()

    def _wind_down(self, children: list[Child]) -> None:
        """Ask to end, wait as long as grace lasts or until asked again, then end by force."""
        for child in children:
            child.ask_to_end()
        deadline = clock.monotonic() + self._grace
        while any(child.running for child in children):
            if self._hurry or clock.monotonic() >= deadline:
                for child in children:
                    self._force(child)
                deadline = float("inf")
            self._turn(LOOK)

    def _force(self, child: Child) -> None:
        if child.running and not child.killed:
            self._output.line(child.name, "has not ended and is killed")
            child.kill()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take signals as requests, and let them wake the loop.

        Afterwards they are ignored: the process is about to end, and an impatient Ctrl-C should
        not make it end with a complaint.
        """
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
        self._selector.register(reading, selectors.EVENT_READ, None)
        for sign in STOP_SIGNALS:
            if sign != signal.SIGHUP or signal.getsignal(sign) != signal.SIG_IGN:  # `nohup`
                signal.signal(sign, self._note_request)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            for sign in STOP_SIGNALS:
                signal.signal(sign, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            os.close(reading)
            os.close(writing)

    def _note_request(self, sign: int, _frame: FrameType | None) -> None:
        """Note a request. One Ctrl-C or hang-up may reach us twice, by the terminal and by make."""
        now = clock.monotonic()
        if self._stop_asked is None:
            self._stop_asked = now
        elif sign == signal.SIGINT and now - self._stop_asked > ECHO:
            self._hurry = True
