"""One at a time: whoever moves somebody's plays between rows and segments holds this lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audiospective.models import dialects, transaction

_SPACE = 0x41525243  # keeps these advisory locks apart from any other use of them


@contextmanager
def held(user_id: int) -> Iterator[None]:
    """A transaction that has somebody's archive to itself; waits for the one before.

    Polls do not take it: they only add rows, and whoever holds it deletes just the rows it read.
    """
    with transaction():
        dialects.advisory_lock(_SPACE, user_id)
        yield


@contextmanager
def claimed(user_id: int) -> Iterator[bool]:
    """The same without waiting: False where somebody else is at it."""
    with transaction():
        yield dialects.try_advisory_lock(_SPACE, user_id)
