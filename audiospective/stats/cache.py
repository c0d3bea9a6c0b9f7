"""Keeps what was worked out, the least used first to go; safe to be asked by several threads."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any

import polars as pl

from audiospective.policy import kept_memory

_ENTRY = 500  # bytes of a key and of what the cache itself needs for it


class Cache:
    """Values by key, as long as their weights together stay within `most`.

    Nothing is ever taken back: whatever a value depends on has to be in its key.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    @property
    def weight(self) -> int:
        """What all values together weigh."""
        return self._weight

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
            self._fit()

    def allow(self, most: int) -> None:
        """Keep so much from now on."""
        with self._lock:
            self.most = most
            self._fit()

    def make_room(self, weight: int) -> None:
        """Let go of what would have to go for so much more, before there is more."""
        with self._lock:
            self._fit(weight)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._weight = 0

    def of(self, part: str) -> list[tuple[Any, ...]]:
        """The keys of a Part, the least used first."""
        with self._lock:
            return [key for key in self._kept if isinstance(key, tuple) and key[0] == part]

    def drop(self, key: Hashable) -> None:
        with self._lock:
            self._drop(key)

    def __len__(self) -> int:
        return len(self._kept)

    def _fit(self, more: int = 0) -> None:
        while self._kept and self._weight + more > self.most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        _, weight = self._kept.pop(key, (None, 0))
        self._weight -= weight


class Part:
    """Values of one kind in a cache of bytes that several kinds share, under keys of their own."""

    def __init__(self, cache: Cache, name: str) -> None:
        self._cache, self._name = cache, name

    def get(self, key: Hashable) -> Any | None:
        return self._cache.get((self._name, key))

    def put(self, key: Hashable, value: Any, size: int | None = None) -> None:
        """Keep a value; `size` is how many bytes it takes, where the caller knows that better."""
        taken = weigh(value) if size is None else size
        self._cache.put((self._name, key), value, _ENTRY + taken)

    def held(self) -> list[Any]:
        """What values are kept under, the least used first."""
        return [key[1] for key in self._cache.of(self._name)]

    def drop(self, key: Hashable) -> None:
        self._cache.drop((self._name, key))

    def clear(self) -> None:
        for key in self._cache.of(self._name):
            self._cache.drop(key)

    def __len__(self) -> int:
        return len(self._cache.of(self._name))


def weigh(value: object) -> int:
    """About how many bytes a value takes; parts that it shares with others count as its own."""
    if isinstance(value, pl.DataFrame | pl.Series):
        return int(value.estimated_size())
    size = sys.getsizeof(value)
    if isinstance(value, Mapping):
        return size + sum(weigh(key) + weigh(one) for key, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return size + sum(weigh(one) for one in value)
    if is_dataclass(value):
        return size + sum(weigh(getattr(value, one.name)) for one in fields(value))
    return size


# What a process keeps from one request to the next: plays, figures, names. One limit for all, as
# what one member needs most of another needs little of.
shared = Cache(kept_memory.LEAST)
