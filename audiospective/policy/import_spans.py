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
    return [_with_room(run[0], run[-1]) for run in _runs(instants, silence)]


def certain(instants: Sequence[int]) -> list[Span]:
    """Those of a service's own export in which nothing is missing.

    A first or last row that lies apart from all others adds nothing: its date may be wrong, and it
    would stretch the file over two weeks that it knows nothing of. Rows of one instant count as
    one: a file may tell a play twice, and two files may tell the same.
    """
    alone = OTHERS // timedelta(milliseconds=1)
    found = []
    for run in _runs(sorted(set(instants)), COMPLETE):
        first, last = 0, len(run) - 1
        if first < last and run[last] - run[last - 1] > alone:
            last -= 1
        if first < last and run[first + 1] - run[first] > alone:
            first += 1
        found.append(_with_room(run[first], run[last]))
    return found


def last_row(found: Sequence[Span]) -> int:
    """The last instant that these spans, one or more, were made of.

    Of a span of one instant the date may be wrong: it counts only if there is no other.
    """
    room = ROOM // timedelta(milliseconds=1)
    several = [span for span in found if span[1] - span[0] > 2 * room]
    return (several or found)[-1][1] - room


def _runs(instants: Sequence[int], silence: timedelta) -> list[list[int]]:
    longest = silence // timedelta(milliseconds=1)
    runs: list[list[int]] = []
    for at in instants:
        if not runs or at - runs[-1][-1] > longest:
            runs.append([])
        runs[-1].append(at)
    return runs


def _with_room(first: int, last: int) -> Span:
    room = ROOM // timedelta(milliseconds=1)
    return first - room, last + room


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
