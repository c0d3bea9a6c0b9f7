"""Years that cannot be read just now: an error where plays must be whole, else a state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class YearAwayError(Exception):
    """A closed year cannot be read just now; the plays are not lost, and nothing was changed."""

    def __init__(self, year: int, reason: str) -> None:
        super().__init__(f"the year {year} cannot be read just now: {reason}")
        self.year = year


_missing: ContextVar[set[int] | None] = ContextVar("years_away", default=None)


def begin() -> None:
    """Tolerate years that are away from now on in this context (a request).

    For pages. Whoever writes, exports or counts for good reads without it.
    """
    _missing.set(set())


def end() -> None:
    """No longer tolerate them."""
    _missing.set(None)


@contextmanager
def never_tolerated() -> Iterator[None]:
    """Not within this block, whoever asked for it: for what is counted for good in a request."""
    token = _missing.set(None)
    try:
        yield
    finally:
        _missing.reset(token)


def years() -> set[int]:
    """The years that reading in this context went without; empty outside of it."""
    found = _missing.get()
    return set() if found is None else found


def tolerate(error: YearAwayError) -> None:
    """Note a year that is away; raises it again where that is not tolerated."""
    found = _missing.get()
    if found is None:
        raise error
    found.add(error.year)
