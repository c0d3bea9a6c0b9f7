"""How one member's plays become figures: whose, in which zone, by which rule, without whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from audiospective.policy.counting import Counting


@dataclass(frozen=True)
class FigureOptions:
    """Everything that a figure depends on besides the plays themselves.

    `zone` is an IANA name, `week_start` an ISO weekday (1 Monday to 7 Sunday). `hidden` are catalog
    ids of artists: plays of tracks on which one of them is credited are left out. Without `polled`
    (DERIVED_STATS=off) only plays that an import tells of count.
    """

    user_id: int
    zone: str = "UTC"
    counting: Counting = field(default_factory=Counting)
    week_start: int = 1
    hidden: frozenset[int] = frozenset()
    polled: bool = True
