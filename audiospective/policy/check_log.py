"""The log of checks as it is read: equal ones that follow one another are one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Check:
    """One check: `outcome` as the log keeps it, `took_ms` milliseconds, `tries` calls for it."""

    at: datetime
    outcome: str
    added: int = 0
    took_ms: int = 0
    tries: int = 1


@dataclass(frozen=True)
class Run:
    """Equal checks in a row, from `first_at` to `last_at`; `slowest_ms` of them, most `tries`."""

    outcome: str
    added: int
    count: int
    first_at: datetime
    last_at: datetime
    slowest_ms: int
    tries: int


def collapse(checks: Iterable[Check]) -> list[Run]:
    """Runs, newest first, of checks that come newest first. One that saved plays stands alone."""
    runs: list[Run] = []
    for check in checks:
        last = runs[-1] if runs else None
        if last and not check.added and (last.outcome, last.added) == (check.outcome, 0):
            runs[-1] = replace(
                last,
                count=last.count + 1,
                first_at=check.at,
                slowest_ms=max(last.slowest_ms, check.took_ms),
                tries=max(last.tries, check.tries),
            )
        else:
            runs.append(
                Run(check.outcome, check.added, 1, check.at, check.at, check.took_ms, check.tries)
            )
    return runs
