"""Keeps what was worked out, the least used first to go; safe to be asked by several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class Cache:
    """Values by key, as long as their weights together stay within `most`.

    Nothing is ever taken back: whatever a value depends on has to be in its key.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> Any | None:
        """What was kept under this key, None if nothing is."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, weight: int = 1) -> None:
        """Keep a value; one that is too heavy for the whole cache is not kept."""
        with self._lock:
            self._drop(key)
            if weight > self.most:
                return
            self._kept[key] = value, weight
            self._weight += weight
            while self._weight > self.most:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._weight = 0

    def __len__(self) -> int:
        return len(self._kept)

    def _drop(self, key: Hashable) -> None:
        _, weight = self._kept.pop(key, (None, 0))
        self._weight -= weight
