"""A Redis in memory: the commands that polling uses, forgetting by the virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from redis.exceptions import ConnectionError as AwayError

from audiospective.simulation.operation_faults import FaultInjector, Result


class MemoryRedis:
    """Answers as a server would, through the injector: it can be away, or lose an answer."""

    def __init__(self, injector: FaultInjector, seconds: Callable[[], float]) -> None:
        self._injector = injector
        self._seconds = seconds
        self._kept: dict[str, tuple[bytes, float]] = {}

    def ping(self) -> bool:
        return self._through(lambda: True)

    def flushall(self) -> None:
        self._kept.clear()

    def get(self, key: str) -> bytes | None:
        return self._through(lambda: self._get(key))

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return self._through(lambda: [self._get(key) for key in keys])

    def set(self, key: str, value: Any, *, ex: int, nx: bool = False) -> bool | None:
        return self._through(lambda: self._set(key, value, ex, nx))

    def delete(self, key: str) -> int:
        return self._through(lambda: int(self._kept.pop(key, None) is not None))

    def eval(self, _script: str, _count: int, key: str, value: int, ex: int) -> None:
        """The one script there is (clients/blocked_apps.py): of two ends the later one stays."""
        self._through(lambda: self._later(key, value, ex))

    def pipeline(self, *, transaction: bool) -> _Pipeline:
        return _Pipeline(self)

    def _through(self, operation: Callable[[], Result]) -> Result:
        return self._injector.pass_through("redis", operation, lambda: AwayError("simulated"))

    def _get(self, key: str) -> bytes | None:
        value, ends = self._kept.get(key, (b"", 0.0))
        if ends > self._seconds():
            return value
        self._kept.pop(key, None)
        return None

    def _set(self, key: str, value: Any, ex: int, nx: bool) -> bool | None:
        if nx and self._get(key) is not None:
            return None
        self._kept[key] = str(value).encode(), self._seconds() + ex
        return True

    def _later(self, key: str, value: int, ex: int) -> None:
        if value > int(self._get(key) or b"0"):
            self._set(key, value, ex, False)


class _Pipeline:
    def __init__(self, redis: MemoryRedis) -> None:
        self._redis = redis
        self._asked: list[tuple[str, Any, int, bool]] = []

    def set(self, key: str, value: Any, *, ex: int, nx: bool = False) -> Self:
        self._asked.append((key, value, ex, nx))
        return self

    def execute(self) -> list[bool | None]:
        return self._redis._through(lambda: [self._redis._set(*one) for one in self._asked])
