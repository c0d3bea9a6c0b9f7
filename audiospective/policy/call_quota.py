"""An app's own allowance of calls: staying below Spotify's costs less than running into it.

Spotify counts calls of a development-mode app over a rolling day and, once they are used up,
refuses everything for 13 to 22 hours (measured in 2024 and 2026); no figure is published.
"""

from __future__ import annotations

from datetime import timedelta

DAY = timedelta(hours=24)
CALLS_PER_SEAT = 200  # a day: 144 polls at the shortest interval, 24 refreshes, and some to spare
PAUSE = timedelta(hours=1)  # then the oldest hour has left the rolling day


def calls_a_day(mode: str, seats: int | None, *, sandbox: bool = False) -> int | None:
    """The allowance, or None where Spotify has none of this kind; `sandbox`: it is not Spotify."""
    if sandbox or mode != "development" or seats is None:
        return None
    return CALLS_PER_SEAT * max(seats, 5)


def may_poll(used: int, allowance: int | None) -> bool:
    """Whether polls may go on after `used` calls within DAY."""
    return allowance is None or used < allowance
