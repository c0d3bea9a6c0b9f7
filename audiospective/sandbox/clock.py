"""The sandbox's own clock: real time plus an offset, or standing still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Instant = int | float | str | datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def real_now_ms() -> int:
    """Real time, in UTC milliseconds."""
    # The sandbox stands alone, so it may not borrow the product's clock.
    return time.time_ns() // 1_000_000


def to_ms(instant: Instant) -> int:
    """Milliseconds of an instant: ms as a number, ISO 8601 text or an aware datetime."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return (instant - EPOCH) // timedelta(milliseconds=1)
    return int(instant)


def to_datetime(ms: int) -> datetime:
    """The aware UTC datetime of some milliseconds, exact."""
    return EPOCH + timedelta(milliseconds=ms)


@lru_cache(maxsize=20_000)  # most of a page stood in the one before
def iso(ms: int) -> str:
    """ISO 8601 in UTC with exactly three decimals and a Z, as Spotify writes `played_at`."""
    return to_datetime(ms).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class VirtualClock:
    """Time as the sandbox sees it; `source` gives the underlying UTC milliseconds."""

    def __init__(self, source: Callable[[], int] = real_now_ms, offset_ms: int = 0) -> None:
        self._source = source
        self.offset_ms = offset_ms
        self.frozen_ms: int | None = None

    def now_ms(self) -> int:
        """The instant it is now, in UTC milliseconds."""
        if self.frozen_ms is not None:
            return self.frozen_ms
        return self._source() + self.offset_ms

    def set(self, ms: int) -> None:
        """Jump to an instant; a frozen clock stays frozen there."""
        if self.frozen_ms is not None:
            self.frozen_ms = ms
        self.offset_ms = ms - self._source()

    def freeze(self) -> None:
        """Stand still at the present instant."""
        self.frozen_ms = self.now_ms()

    def unfreeze(self) -> None:
        """Run on from where the clock stood."""
        if self.frozen_ms is not None:
            self.offset_ms = self.frozen_ms - self._source()
            self.frozen_ms = None
