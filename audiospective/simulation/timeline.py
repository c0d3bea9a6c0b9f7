"""Virtual time: what it really is, and what this instance's clocks say."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000  # ms


class Timeline:
    """`ms` is the true time, which Spotify keeps; `ahead` is by how much our clocks are wrong."""

    def __init__(self, start: datetime) -> None:
        self.ms = self.start = clock.to_ms(start)
        self.ahead = 0

    def now(self) -> datetime:
        """The time as the instance sees it."""
        return clock.from_ms(self.ms + self.ahead)

    def true_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        """Seconds since the beginning; wrong clocks do not change them."""
        return (self.ms - self.start) / SECOND

    def pass_by(self, ms: int) -> None:
        self.ms += ms

    def to(self, ms: int) -> None:
        """Go on to an instant; one that has passed already changes nothing."""
        self.ms = max(self.ms, ms)
