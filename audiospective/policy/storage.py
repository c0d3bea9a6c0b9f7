"""What a database holds, and when to warn of a budget that fills up."""

from __future__ import annotations

from dataclasses import dataclass

WARN_AT = (50, 80, 95)  # percent of the budget
PLAYS_A_DAY = 30.0  # of a member about whom nothing is known yet


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


MB = 1_000_000
