"""What a month costs, by the operator's table of prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audiospective.policy.storage import MB


@dataclass(frozen=True)
class Line:
    """One line of a bill, in the currency of the price table, a month."""

    what: str
    units: float
    cost: float


def bill(prices: Mapping[str, Any], members: int, size: float) -> list[Line]:
    """The monthly bill of `members` with a database of `size` bytes; `prices` as in prices.toml."""
    lines = [
        _tier("database", prices["database"], size / (1000 * MB), "gb"),
        _tier("redis", prices["redis"], members, "members"),
    ]
    for name, process in sorted(prices["process"].items()):
        count = max(1, -(-members // process["members"]))
        lines.append(Line(name, count, count * process["price"]))
    emails = members * prices["emails_per_member"]
    lines.append(_tier("emails", prices["emails"], emails, "emails"))
    stored = max(
        0.0, members * prices["stored_mb_per_member"] / 1000 - prices["storage"]["free_gb"]
    )
    lines.append(Line("file storage", stored, stored * prices["storage"]["price_per_gb"]))
    return lines


def _tier(name: str, tiers: Sequence[Mapping[str, Any]], need: float, unit: str) -> Line:
    """The cheapest plan that holds `need`; beyond the largest, as many of that one as it takes."""
    for tier in sorted(tiers, key=lambda one: float(one["price"])):
        if need <= tier[unit]:
            return Line(f"{name} ({tier['name']})", 1, tier["price"])
    largest = max(tiers, key=lambda one: float(one[unit]))
    count = -(-need // largest[unit])
    return Line(f"{name} ({largest['name']} x {count:.0f})", count, count * largest["price"])
