"""Storage that can be away, lose an answer, or keep less than it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from audiospective.clients.storage import AwayError, Storage
from audiospective.simulation.operation_faults import FaultInjector


class FaultyStorage:
    """A folder of this run."""

    def __init__(self, inner: Storage, injector: FaultInjector) -> None:
        self._inner = inner
        self._injector = injector
        self.cuts = 0  # of the next puts, so many are kept without their last bytes

    def put(self, key: str, content: Any) -> int:
        def put() -> int:
            if self.cuts and "/owner" not in key:
                self.cuts -= 1
                self._injector.met["storage: cut"] += 1
                whole = content if isinstance(content, bytes) else content.read()
                self._inner.put(key, whole[:-7])
                return len(whole)
            return int(self._inner.put(key, content))

        return int(self._through(put))

    def open(self, key: str, most: int | None = None) -> BinaryIO:
        """A file that is open; the end of a process, or an answer that is lost, closes it."""
        opened: list[BinaryIO] = []

        def open_() -> BinaryIO:
            opened.append(self._inner.open(key, most))
            return opened[0]

        try:
            self._through(open_)
        except BaseException:
            for file in opened:
                file.close()
            raise
        return opened[0]

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._inner, name)
        return lambda *args, **more: self._through(lambda: act(*args, **more))

    def _through(self, operation: Callable[[], Any]) -> Any:
        return self._injector.pass_through("storage", operation, lambda: AwayError("simulated"))
