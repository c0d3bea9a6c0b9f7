"""The only place that asks the machine what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """The present instant, timezone-aware, in UTC."""
    if _source is not None:
        return _source()
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back; for deadlines inside one process."""
    return time.monotonic()


def is_virtual() -> bool:
    """Whether `use` has replaced the machine's clock (the database's clock follows it then)."""
    return _source is not None


@contextmanager
def use(source: Callable[[], datetime]) -> Iterator[None]:
    """Let `source` tell the time for this whole process, all threads, until the block ends."""
    global _source  # noqa: PLW0603 - one process has one clock
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC; exact, floats would lose the last digit."""
    return (instant - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of `ms` milliseconds since 1970-01-01 UTC."""
    return EPOCH + ms * _MS


def stored(value: object) -> datetime | None:
    """The instant that a value of Redis tells in UTC milliseconds; None for none and for nonsense.

    Another program or another release may have left anything there.
    """
    try:
        return from_ms(int(value)) if isinstance(value, bytes) else None
    except (ValueError, OverflowError):
        return None
