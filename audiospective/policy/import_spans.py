"""Which time a file covers: from row to row, but not over a long silence, which may be a gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

COMPLETE = timedelta(days=14)  # a service's own export: people do go away for two weeks
OTHERS = timedelta(days=2)  # a scrobbler that was off looks just like nobody listening
ROOM = timedelta(minutes=2)  # rows cut to a minute tell of plays known to the millisecond
NEARBY = timedelta(days=7)  # around a gap, where polls and file are compared
SHARE = 0.5  # of the polled plays nearby, which a scrobbler must have seen, too
LEAST = 3  # of them

DAY = 86_400_000  # ms, and shorter than either silence

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


def ends_of_days(instants: pl.Series) -> pl.Series:
    """Of sorted instants (UTC ms) the first and the last one of each UTC day.

    They make the same spans as all of them: between two that are left, either no time was left out
    or all of it lies in one day. The ends of runs alone would not do, since they may lie further
    apart than a silence.
    """
    day = instants // DAY
    begins = (day != day.shift(1)).fill_null(value=True)
    ends = (day != day.shift(-1)).fill_null(value=True)
    return instants.filter(begins | ends)


def saw_it(polled: int, shared: int) -> bool:
    """Whether a scrobbler was listening along: of `polled` plays it has `shared`."""
    return shared >= LEAST and shared >= SHARE * polled
