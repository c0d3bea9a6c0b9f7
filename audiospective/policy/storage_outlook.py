"""A forecast of storage as a line: its points, its band, and where it meets a budget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from audiospective.policy.storage_forecast import HORIZON, YEAR, Shape, after, full_in

STEPS = 25  # points of the line
BEYOND, SHORTEST = 1.6, 90.0  # how far it goes past the budget; days at least
SPREAD = 1 / 3  # of the growth, by which a forecast may be wrong


def ahead(
    here: Shape, members: int, budget: float, *, storage: bool
) -> tuple[float, tuple[float, ...]]:
    """(days between two points, bytes at each of STEPS points, today's the first).

    It reaches beyond the day on which the budget is reached, or five years where that is far.
    """
    days = full_in(here, members, budget, storage=storage)
    span = 5 * YEAR if days is None else min(max(days * BEYOND, SHORTEST), HORIZON)
    step = span / (STEPS - 1)
    return step, tuple(
        after(here, members, place * step, storage=storage).total for place in range(STEPS)
    )


def band(likely: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(least, most) of each point: what is still to come may be a third less or more.

    So far apart were the parts of a forecast and of an archive that was really filled.
    """
    now = likely[0]
    growth = [max(0.0, one - now) for one in likely]
    return (
        tuple(now + one * (1 - SPREAD) for one in growth),
        tuple(now + one * (1 + SPREAD) for one in growth),
    )


def reached(points: Sequence[float], step: float, budget: float) -> float | None:
    """Days until the line through these points, `step` days apart, reaches `budget`."""
    for place, (before, there) in enumerate(pairwise(points)):
        if there >= budget:
            rise = there - before
            share = (budget - before) / rise if rise > 0 else 0.0
            return (place + max(0.0, share)) * step
    return None
