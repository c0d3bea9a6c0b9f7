"""Values of Redis, which may hold whatever another program or another release has left there."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock


def instant(told: object) -> datetime | None:
    """The instant that a value tells in UTC milliseconds; None for none and for nonsense."""
    try:
        return clock.from_ms(int(told)) if isinstance(told, bytes) else None
    except (ValueError, OverflowError):
        return None
