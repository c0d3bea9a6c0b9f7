"""Which recordings of a member may be one, for them to decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

CLOSE = 4_000  # ms by which two issues of one recording may differ


@dataclass(frozen=True)
class Candidate:
    """A recording that may be one with another; `plays` orders suggestions."""

    track: int
    base: str  # its base title
    artist: int
    duration_ms: int | None
    plays: int


def suggestions(
    candidates: Iterable[Candidate], apart: Collection[frozenset[int]]
) -> list[tuple[Candidate, Candidate]]:
    """Pairs (less played, most played) of one artist and base title, most plays first.

    Lengths that are known differ by at most CLOSE; pairs in `apart` were decided already.
    """
    alike: dict[tuple[int, str], list[Candidate]] = {}
    for one in candidates:
        if one.base:
            alike.setdefault((one.artist, one.base), []).append(one)
    found = []
    for group in alike.values():
        leader, *others = sorted(group, key=lambda one: (-one.plays, one.track))
        found += [
            (other, leader)
            for other in others
            if frozenset((other.track, leader.track)) not in apart and _close(other, leader)
        ]
    return sorted(found, key=lambda pair: (-pair[0].plays, pair[0].track))


def _close(one: Candidate, other: Candidate) -> bool:
    if one.duration_ms is None or other.duration_ms is None:
        return True
    return abs(one.duration_ms - other.duration_ms) <= CLOSE
