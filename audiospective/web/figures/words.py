"""Values of figures in words: lengths, amounts, comparisons, parts of the whole."""

from __future__ import annotations

from datetime import date

from audiospective.policy.counting import Counting
from audiospective.policy.in_words import plural

MINUTE = 60_000


def hours(ms: int) -> str:
    """`45 min`, `13 h 20 min`, `831 h`: as exact as anybody wants to know."""
    minutes = round(ms / MINUTE)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 100 * 60:
        whole, rest = divmod(minutes, 60)
        return f"{whole} h {rest} min" if rest else f"{whole} h"
    return f"{round(minutes / 60):,} h"


def about(ms: int, guessed: int) -> str:
    """A length, said to be about right where nobody told a part of it."""
    return f"about {hours(ms)}" if guessed else hours(ms)


def amount(value: int, counting: Counting) -> str:
    """What figures add up: `1,204 plays`, or a length for members who count by time."""
    return hours(value) if counting.by_time else plural(value, "play")


def compared(now: int, before: int) -> str:
    """`38 fewer than`, `5 more than`, `as many as`: of things one counts."""
    if now == before:
        return "as many as"
    return f"{abs(now - before):,} {'more' if now > before else 'fewer'} than"


def day(value: date) -> str:
    """`14 March 2026`."""
    return f"{value.day} {value:%B %Y}"


def weekday(value: date) -> str:
    """`Saturday, 14 March 2026`."""
    return f"{value:%A}, {day(value)}"
