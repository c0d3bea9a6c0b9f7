"""Storage: when to warn of a budget that fills up, and what a month costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MB = 1_000_000
WARN_AT = (50, 80, 95)  # percent of the budget
PLAYS_A_DAY = 30.0  # of a member about whom nothing is known yet
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Measured:
    """What a database holds and takes; sizes in bytes.

    `rows`, `segments` and `catalog` are tables with their indexes, `empty` is what the database
    takes before anybody comes, `row_cost` what one play takes as a row, `away` what storage holds
    of closed years, `brought` how many plays imports gave a member.
    """

    size: int
    empty: int
    rows: int
    segments: int
    hot: int  # plays in rows
    sealed: int  # plays in segments
    members: int
    plays_per_day: float  # of everybody
    row_cost: float
    catalog: int = 0
    tracks: int = 0
    files: int = 0  # segments, wherever their bytes are
    away: int = 0
    brought: float = 0.0

    @property
    def plays(self) -> int:
        return self.hot + self.sealed

    @property
    def other(self) -> int:
        """Bytes of all that is no play, no catalog, and more than an empty database has."""
        return max(0, self.size - self.empty - self.rows - self.segments - self.catalog)

    @property
    def rate(self) -> float:
        """Plays a day of one member."""
        known = self.members and self.plays_per_day
        return self.plays_per_day / self.members if known else PLAYS_A_DAY


def level(size: float, budget: float) -> int:
    """The highest of WARN_AT that is reached, else 0."""
    return max((mark for mark in WARN_AT if size * 100 >= mark * budget), default=0)


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
