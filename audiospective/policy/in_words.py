"""Numbers, shares, lengths, sizes and days in words, as pages and files say them."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

MINUTE = 60_000  # ms


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


def wait(seconds: int) -> str:
    """How long to wait, never shorter than it is: `a minute`, `7 minutes`, `2 hours`."""
    minutes = -(-seconds // 60)
    if minutes <= 1:
        return "a minute"
    return f"{minutes} minutes" if minutes <= 90 else f"{-(-minutes // 60)} hours"


def isolated(name: str) -> str:
    """A name for plain text. One in Arabic or Hebrew is set apart by invisible characters (Unicode
    Standard Annex 9): a number behind it would be shown before it.
    """
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name):
        return f"\u2068{name}\u2069"
    return name


def duration(ms: int) -> str:
    """Milliseconds of listening, as exact as anybody wants to know: `45 min`, `13 h 20 min`."""
    minutes = round(ms / MINUTE)
    hours, rest = divmod(minutes, 60)
    if hours >= 100:
        return f"{round(minutes / 60):,} h"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min" if minutes or not ms else "under a minute"


def amount(value: int, *, by_time: bool) -> str:
    """What figures add up: `1,204 plays`, or of milliseconds a length."""
    return duration(value) if by_time else plural(value, "play")


def size(count: int) -> str:
    """Bytes: `812 bytes`, `41 kB`, `2.3 MB`, `240 MB`."""
    if count < 1000:
        return plural(count, "byte")
    if count < 999_500:  # where three figures would round up to four
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB" if count < 9_950_000 else f"{count / 1_000_000:,.0f} MB"


def day(value: date) -> str:
    """`14 March 2026`."""
    return f"{value.day} {value:%B %Y}"
