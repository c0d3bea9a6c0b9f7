"""Which time a file covers: from row to row, but not over a long silence, which may be a gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

COMPLETE = timedelta(days=14)  # a service's own export: people do go away for two weeks
OTHERS = timedelta(days=2)  # a scrobbler that was off looks just like nobody listening
ROOM = timedelta(minutes=2)  # rows cut to a minute tell of plays known to the millisecond
NEARBY = timedelta(days=7)  # around a gap, where polls and file are compared
SHARE = 0.5  # of the polled plays nearby, which a scrobbler must have seen, too
LEAST = 3  # of them

Span = tuple[int, int]  # UTC ms, both ends included


def spans(instants: Sequence[int], silence: timedelta) -> list[Span]:
    """The stretches of sorted `instants` (UTC ms) without a longer silence, with some room."""
    longest = silence // timedelta(milliseconds=1)
    room = ROOM // timedelta(milliseconds=1)
    found: list[Span] = []
    start = before = None
    for at in instants:
        if before is None or start is None:
            start = at
        elif at - before > longest:
            found.append((start - room, before + room))
            start = at
        before = at
    if start is not None and before is not None:
        found.append((start - room, before + room))
    return found


def saw_it(polled: int, shared: int) -> bool:
    """Whether a scrobbler was listening along: of `polled` plays it has `shared`."""
    return shared >= LEAST and shared >= SHARE * polled
