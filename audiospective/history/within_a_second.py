"""Plays whose end is told with another fraction of its second than before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

Key = tuple[int, int]  # played_at in milliseconds, track
LESS = 999  # ms: two times of one play differ by no more, cut or rounded
_SECOND = 1000


def known(keys: Collection[Key], told: Collection[Key], shown: Collection[Key] = ()) -> set[Key]:
    """Those of `keys` that are `told` with another fraction of a second.

    One of both has none, or the page, whose keys are `shown`, has only one of them. Spotify tells
    milliseconds and promises nothing: if it told seconds for a day, or rounded where it cut before,
    a whole page would be stored twice, and be taken for a gap. Nobody ends a track twice within a
    second.
    """
    if not keys:
        return set()
    ends: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    beside = set(shown)
    for at, track in told:
        ends[track].append((at, (at, track) in beside))
    return {
        (at, track)
        for at, track in keys
        if any(is_one(at, other, also_shown=also) for other, also in ends.get(track, ()))
    }


def is_one(at: int, other: int, *, also_shown: bool) -> bool:
    """Whether two ends (ms) of one track are of one play; `also_shown`: one page has both."""
    exact = at % _SECOND and other % _SECOND
    return abs(at - other) <= LESS and not (exact and also_shown)
