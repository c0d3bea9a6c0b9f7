"""The tiers: free, founding and pro, and what each means."""

from __future__ import annotations

from dataclasses import dataclass

FREE = "free"
PRO = "pro"


@dataclass(frozen=True)
class Tier:
    """`name` as people read it; `promise` in one sentence; `first` is served before the others."""

    name: str
    promise: str
    first: bool = False


FOUNDING_TIER = Tier("Founding member", "Free archival for life: every play kept.")
FREE_TIER = Tier("Free", "Every play kept.")
PRO_TIER = Tier("Pro", "As a founding member, and checked before everybody else.", first=True)


def tier_of(tier: str, founding_number: int | None) -> Tier:
    """What a member has: `tier` is the column (free or pro), the number makes a founder."""
    if tier == PRO:
        return PRO_TIER
    return FREE_TIER if founding_number is None else FOUNDING_TIER
