"""Numbers of things, shares and lengths of time in words, as pages and files say them."""

from __future__ import annotations

from datetime import timedelta


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 play`, `1,204 plays`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share as people read it: never 100 while something is missing, never 0 while there is."""
    tenths = 1000 if share >= 1 else min(999, int(share * 1000))
    if not tenths and share > 0:
        tenths = 1
    return f"{tenths / 10:g}"


def span(length: timedelta) -> str:
    """About how long: `40 minutes`, `5 hours`, `3 days`."""
    minutes = max(1, round(length.total_seconds() / 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / size)
            return plural(count, word)
    raise AssertionError("there is always a minute")
