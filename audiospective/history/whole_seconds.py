"""Plays whose end is told in whole seconds one time and to the millisecond another time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

Key = tuple[int, int]  # played_at in milliseconds, track
LESS = 999  # ms: two times of one play differ by no more, cut or rounded
_SECOND = 1000


def known(keys: Collection[Key], told: Collection[Key]) -> set[Key]:
    """Those of `keys` that are `told` with another fraction of a second, one of both with none.

    Spotify tells milliseconds and promises nothing: if it told seconds for a day, a whole page
    would be stored twice, and be taken for a gap, two times. Nobody ends a track twice within a
    second.
    """
    if not keys:
        return set()
    ends: dict[int, list[int]] = defaultdict(list)
    for at, track in told:
        ends[track].append(at)
    return {
        (at, track)
        for at, track in keys
        if any(_is_one(at, other) for other in ends.get(track, ()))
    }


def _is_one(at: int, other: int) -> bool:
    return abs(at - other) <= LESS and not (at % _SECOND and other % _SECOND)
