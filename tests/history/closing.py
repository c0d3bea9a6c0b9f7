"""Closed years for the tests: storage of both kinds, and one that fails or ends the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from audiospective.clients.storage import AwayError, Storage
from audiospective.history.closed import away, objects
from tests.history.crashing import Crash


@contextmanager
def tolerated() -> Iterator[set[int]]:
    """Reading as pages do it: without years that are away, which stand in the set."""
    away.begin()
    try:
        yield away.years()
    finally:
        away.end()


class Fragile:
    """Storage that does what `behind` does until it is told otherwise; counts its calls.

    `away`: answers nothing. `crash_at`: the process ends at that call, `late`: after it was done.
    `garbled`: gives back other bytes.
    """

    def __init__(self, behind: Storage) -> None:
        self.behind, self.calls = behind, 0
        self.away = self.late = self.garbled = False
        self.crash_at: int | None = None

    def __getattr__(self, name: str) -> Any:
        done = getattr(self.behind, name)

        def call(*args: Any) -> Any:
            self.calls += 1
            if self.away:
                raise AwayError("storage answered 503 SlowDown")
            crash = self.crash_at is not None and self.calls >= self.crash_at
            if crash and not self.late:
                raise Crash
            answer = done(*args)
            if name == "list":
                answer = list(answer)
            if name == "get" and self.garbled:
                answer = answer[:-1] + bytes([answer[-1] ^ 1])
            if crash:
                raise Crash
            return answer

        return call


@contextmanager
def bound(storage: Any) -> Iterator[Any]:
    """Closed years are in `storage` for as long as the block lasts."""
    before = objects._place
    objects.bind(storage)
    try:
        yield storage
    finally:
        objects._place = before


def forget_cache() -> None:
    """As after a restart of the process."""
    objects.bind(objects.storage())
