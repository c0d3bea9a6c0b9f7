"""The next round number of plays, and when it comes at the present pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

PACE = 90  # days that tell how much somebody listens
LEAST = 7  # days; fewer tell nothing
FAR = 3 * 365  # days; later than that nobody wants to know
_STEPS = ((1_000, 100), (10_000, 1_000), (100_000, 5_000), (1_000_000, 25_000))
_LARGEST = 100_000


@dataclass(frozen=True)
class Milestone:
    """`day` is None where the pace tells nothing."""

    plays: int
    before: int
    day: date | None


def following(plays: int, recent: int, days: int, today: date) -> Milestone:
    """The milestone after `plays`, of which `recent` were within the last `days`."""
    step = next((step for below, step in _STEPS if plays < below), _LARGEST)
    goal = (plays // step + 1) * step
    tells = recent and days >= LEAST
    left = -(-(goal - plays) * days // recent) if tells else None
    return Milestone(
        plays=goal,
        before=goal - step,
        day=None if left is None or left > FAR else today + timedelta(days=left),
    )
