"""The stretches of time that figures of the operations page are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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
