"""The stretches of time that figures of the operations page are of, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

BUCKETS = "poll_ms_le:"  # counters of polls by duration: up to so many milliseconds, or inf
MINUTES, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """A stretch of time up to now, in equal steps; `grain` is how finely figures are stored."""

    name: str
    length: timedelta
    step: timedelta
    grain: timedelta

    @property
    def steps(self) -> int:
        return self.length // self.step

    def begins(self, now: datetime) -> datetime:
        """The beginning, on a multiple of `grain`, so that the last step holds the present."""
        epoch = datetime.fromtimestamp(0, now.tzinfo)
        whole = (now - epoch) // self.grain * self.grain
        return epoch + whole + self.grain - self.length


WINDOWS = {
    one.name: one
    for one in (
        Window("1h", HOUR, MINUTES, MINUTES),
        Window("24h", DAY, HOUR, HOUR),
        Window("7d", 7 * DAY, 6 * HOUR, HOUR),
        Window("30d", 30 * DAY, DAY, HOUR),
    )
}
USUAL = "24h"


def named(name: str | None) -> Window:
    """The window of that name; of any other, the usual one."""
    return WINDOWS.get(name or USUAL, WINDOWS[USUAL])


def histogram(sums: Mapping[str, int]) -> list[tuple[float, int]]:
    """(upper end in seconds, how many up to it and above the one before), smallest first."""
    found = [
        (float("inf") if top == "inf" else int(top) / 1000, count)
        for name, count in sums.items()
        if name.startswith(BUCKETS)
        for top in [name.removeprefix(BUCKETS)]
    ]
    return sorted(found)


def quantile(share: float, buckets: list[tuple[float, int]]) -> float | None:
    """The value that `share` of all lie below, evenly spread within each bucket; None of nothing.

    Of the last bucket, which has no end, its beginning.
    """
    total = sum(count for _, count in buckets)
    if not total:
        return None
    rank, below, low = share * total, 0, 0.0
    for top, count in buckets:
        if count and below + count >= rank:
            return low if top == float("inf") else low + (top - low) * (rank - below) / count
        below, low = below + count, top if top != float("inf") else low
    return low
