"""The four yes-or-no facts of a play in one small number; each may be unknown."""

from __future__ import annotations

NAMES = ("shuffle", "skipped", "offline", "incognito")
KNOWN = 4  # bit n says yes, bit n + KNOWN says that the answer is known


def pack(facts: dict[str, bool | None]) -> int | None:
    """The number for facts by name; None when nothing at all is known."""
    packed = 0
    for bit, name in enumerate(NAMES):
        fact = facts.get(name)
        if fact is not None:
            packed |= 1 << (bit + KNOWN) | bool(fact) << bit
    return packed or None


def unpack(packed: int | None) -> dict[str, bool | None]:
    """The facts by name."""
    value = packed or 0
    return {
        name: bool(value >> bit & 1) if value >> (bit + KNOWN) & 1 else None
        for bit, name in enumerate(NAMES)
    }
