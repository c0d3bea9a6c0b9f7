"""How many tracks a catalog has after so many plays: new ones come ever more rarely.

Heaps' law: tracks = scale * plays ** exponent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 100  # plays from which on a point says something
RECENT = 0.25  # of today's plays: older points lie on a steeper part of the curve
TRUSTED = 12.0  # times as much as at first, and what was seen counts alone
BENDS = (0.3, 1.0)  # no archive of people lies outside


@dataclass(frozen=True)
class Curve:
    """Tracks of a catalog by plays of everybody in it."""

    scale: float
    exponent: float

    def tracks(self, plays: float) -> float:
        return min(plays, self.scale * float(max(plays, 0.0) ** self.exponent))

    def through(self, plays: float, tracks: float) -> Curve:
        """The curve of the same bend on which a catalog lies."""
        if plays < 1 or tracks < 1:
            return self
        return Curve(tracks / plays**self.exponent, self.exponent)


# The public listening of 992 people on Last.fm (Celma's lfm-1K): 19.15 million plays of 1.08
# million tracks; the bend is an estimate between 0.60 and 0.75.
PUBLISHED = Curve(1.08e6 / 19.15e6**0.65, 0.65)


def fitted(points: Sequence[tuple[float, float]]) -> Curve:
    """The curve of a catalog seen at `points` (plays, tracks), through the last of them.

    The bend is that of the later points by least squares of the logarithms, and counts the more
    the further they reach; the rest of the weight has the published one.
    """
    known = sorted((plays, tracks) for plays, tracks in points if plays >= LEAST and tracks >= 1)
    if not known:
        return PUBLISHED
    plays, tracks = known[-1]
    late = [one for one in known if one[0] >= RECENT * plays]
    late = late if len(late) > 2 else known
    weight = trust(plays / late[0][0])
    if plays / known[0][0] >= TRUSTED:
        weight = max(weight, 0.8)  # it was watched for longer than what is looked at here
    own = _slope([(math.log(x), math.log(y)) for x, y in late])
    if own is None:
        return PUBLISHED.through(plays, tracks)
    bend = weight * min(max(own, BENDS[0]), BENDS[1]) + (1 - weight) * PUBLISHED.exponent
    return Curve(1.0, bend).through(plays, tracks)


def trust(grown: float) -> float:
    """How much of what was seen counts, once there is `grown` times as much as at first."""
    return min(1.0, math.log(max(grown, 1.0)) / math.log(TRUSTED))


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of the line of least squares; None where the points stand above each other."""
    middle = sum(x for x, _ in points) / len(points)
    height = sum(y for _, y in points) / len(points)
    spread = sum((x - middle) ** 2 for x, _ in points)
    if spread < 1e-6:
        return None
    return sum((x - middle) * (y - height) for x, y in points) / spread
