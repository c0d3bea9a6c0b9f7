"""Values of figures in words: lengths, amounts, comparisons, days of the week."""

from __future__ import annotations

from datetime import date

from audiospective.policy import in_words
from audiospective.policy.counting import Counting


def about(ms: int, guessed: int) -> str:
    """A length, said to be about right where nobody told a part of it."""
    length = in_words.duration(ms)
    return f"about {length}" if guessed else length


def amount(value: int, counting: Counting) -> str:
    """What figures add up: `1,204 plays`, or a length for members who count by time."""
    return in_words.amount(value, by_time=counting.by_time)


def compared(now: int, before: int) -> str:
    """`38 fewer than`, `5 more than`, `as many as`: of things one counts."""
    if now == before:
        return "as many as"
    return f"{abs(now - before):,} {'more' if now > before else 'fewer'} than"


def weekday(value: date) -> str:
    """`Saturday, 14 March 2026`."""
    return f"{value:%A}, {in_words.day(value)}"
