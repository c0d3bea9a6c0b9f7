"""Faults at single operations: what happens to the n-th one of a process, and when it dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

Result = TypeVar("Result")

BEFORE, AFTER, ERROR, LOST = "crash before", "crash after", "error", "lost acknowledgement"
HOWS = (BEFORE, AFTER, ERROR, LOST)


class Crash(BaseException):
    """The process is killed here; whatever it still tries has no effect."""


@dataclass
class Process:
    """One job under way; `fuse` operations from now `how` happens to it at one of `kind`."""

    name: str
    kind: str | None = None
    how: str | None = None
    fuse: int = 0
    dead: bool = False


@dataclass
class FaultInjector:
    """Every operation that leaves a process goes through `pass_through`."""

    chance: Random
    share: float = 0.0  # of the jobs that meet with a fault
    stack: list[Process] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    away: set[str] = field(default_factory=set)  # kinds that answer nobody at present
    between: Callable[[str], None] | None = None  # what others do at that moment

    KINDS = ("database", "commit", "redis", "http", "mail", "storage")

    def begin(self, name: str) -> Process:
        """A job begins; now and then with a fuse."""
        process = Process(name)
        if self.chance.random() < self.share:
            process.kind = self.chance.choice(self.KINDS)
            process.how = self.chance.choice(HOWS)
            longest = 120 if process.kind == "database" else 12
            process.fuse = int(longest ** self.chance.random())
        self.stack.append(process)
        return process

    def end(self, process: Process) -> None:
        assert self.stack.pop() is process

    def pass_through(
        self, kind: str, operation: Callable[[], Result], error: Callable[[], Exception]
    ) -> Result:
        """Do `operation`, unless a fault strikes it; `error` is what a failure looks like here."""
        process = self.stack[-1] if self.stack else None
        if process is None:
            return operation()
        if process.dead:
            raise Crash(kind)
        if kind in self.away:
            self.met[f"{kind} away"] += 1
            raise error()
        if self.between is not None:
            self.between(kind)
        if process.kind != kind:
            return operation()
        process.fuse -= 1
        if process.fuse > 0:
            return operation()
        how, process.kind = process.how, None
        self.met[f"{kind}: {how}"] += 1
        if how == BEFORE:
            process.dead = True
            raise Crash(kind)
        if how == ERROR:
            raise error()
        result = operation()
        if how == AFTER:
            process.dead = True
            raise Crash(kind)
        if how == LOST:
            raise error()
        return result
