"""Reads the bytes of closed years from storage, through a bounded cache of this process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Protocol

from audiospective import clock, log
from audiospective.clients.storage import (
    AwayError,
    DamagedError,
    NoStorage,
    RefusedError,
    Storage,
    StorageError,
)
from audiospective.history.closed.away import YearAwayError

LARGEST = 32_000_000  # bytes of a process's cache; a year of listening takes about 110,000
PAUSE = 30.0  # seconds for which storage that did not answer is not asked again
AT_ONCE = 4


class Closed(Protocol):
    """What is noted of a closed year: the key, hash and size of its object."""

    @property
    def year(self) -> int: ...

    @property
    def object(self) -> str | None: ...

    @property
    def sha256(self) -> str: ...


class _Place:
    """Where this process finds objects, and what it knows of them."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.cache: OrderedDict[str, bytes] = OrderedDict()
        self.size = 0
        self.asked_again_at = 0.0
        self.reason = ""
        self.lock = Lock()


_place = _Place(NoStorage("no storage is set up"))


def bind(storage: Storage) -> None:
    """Let this process read closed years from `storage`; nothing is touched yet."""
    global _place  # noqa: PLW0603 - one process has one storage, as it has one database
    _place = _Place(storage)


def storage() -> Storage:
    """The storage of this process."""
    return _place.storage


def read(row: Closed) -> bytes:
    """The bytes of a closed year, compared with the hash that was noted; raises YearAwayError."""
    place = _place
    with place.lock:
        known = place.cache.get(row.object or "")
        if known is not None:
            place.cache.move_to_end(row.object or "")
            return known
        if clock.monotonic() < place.asked_again_at:
            raise YearAwayError(row.year, place.reason)
    try:
        blob = fetched(row.object or "", row.sha256)
    except StorageError as error:
        if isinstance(error, AwayError | RefusedError):  # else it is about this object alone
            with place.lock:
                place.asked_again_at = clock.monotonic() + PAUSE
                place.reason = str(error)
        log.event("year_away", log.WARNING, year=row.year, reason=str(error))
        raise YearAwayError(row.year, str(error)) from error
    _keep(place, row.object or "", blob)
    return blob


def fetched(key: str, sha256: str) -> bytes:
    """What storage has under a key, past the cache; raises DamagedError if it is not this."""
    blob = _place.storage.get(key)
    if hashlib.sha256(blob).hexdigest() != sha256:
        raise DamagedError(f"{key} is not what was put")
    return blob


def warm(rows: Sequence[Closed]) -> None:
    """Fetch several closed years at once; what cannot be fetched is told when it is read."""
    missing = [row for row in rows if row.object not in _place.cache]
    if len(missing) < 2:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(missing))) as pool:
        for done in [pool.submit(read, row) for row in missing]:
            done.exception()


def forget(key: str) -> None:
    """Let go of an object that is no more."""
    with _place.lock:
        blob = _place.cache.pop(key, None)
        _place.size -= 0 if blob is None else len(blob)


def _keep(place: _Place, key: str, blob: bytes) -> None:
    with place.lock:
        if key not in place.cache:
            place.cache[key] = blob
            place.size += len(blob)
        while place.size > LARGEST:
            _, oldest = place.cache.popitem(last=False)
            place.size -= len(oldest)
