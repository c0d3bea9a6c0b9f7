"""Stretches of time: joined where they meet or overlap, and less others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import TypeVar

Instant = TypeVar("Instant", datetime, int)  # or UTC milliseconds
Stretch = tuple[Instant, Instant]


def joined(found: Iterable[Stretch[Instant]]) -> list[Stretch[Instant]]:
    """In order and apart; those without length are left out."""
    told: list[Stretch[Instant]] = []
    for start, end in sorted(found):
        if told and start <= told[-1][1]:
            told[-1] = told[-1][0], max(end, told[-1][1])
        elif start < end:
            told.append((start, end))
    return told


def without(
    found: Iterable[Stretch[Instant]], others: Iterable[Stretch[Instant]]
) -> list[Stretch[Instant]]:
    """What is left of `found`, which are in order and apart, where `others` are taken out."""
    cuts, at, told = joined(others), 0, []
    for start, end in found:
        left = start
        while at < len(cuts) and cuts[at][1] <= start:
            at += 1
        for first, last in islice(cuts, at, None):
            if first >= end:
                break
            if first > left:
                told.append((left, first))
            left = max(left, last)
        if left < end:
            told.append((left, end))
    return told


def apart(
    found: Iterable[Stretch[Instant]], gaps: Iterable[Stretch[Instant]]
) -> list[Stretch[Instant]]:
    """Stretches of coverage in order, and as they are unless some of them overlap.

    Earlier releases could leave such: those become one, less the open `gaps`, for each of them may
    reach over what the other one knows to be missing.
    """
    sound: list[Stretch[Instant]] = []
    wrong: list[Stretch[Instant]] = []
    for start, end in sorted(found):
        if wrong and start < wrong[-1][1]:
            wrong[-1] = wrong[-1][0], max(end, wrong[-1][1])
        elif sound and start < sound[-1][1]:
            first, last = sound.pop()
            wrong.append((first, max(end, last)))
        else:
            sound.append((start, end))
    told = sound + without(wrong, gaps)
    told.sort()
    return told
