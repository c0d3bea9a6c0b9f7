"""A worker takes an export for itself, and writes only while it still holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import SQL, fn

from audiospective import clock
from audiospective.models.base import LONG_AGO, clock_now, transaction
from audiospective.models.exports import UNFINISHED, WAITING, WORKING, Export

LEASE = timedelta(seconds=120)  # longer than any step that tells nothing in between
_LEASE_MS = LEASE // timedelta(milliseconds=1)


class LostError(Exception):
    """Somebody else has the export by now, or its member cancelled it: nothing more is written."""


@dataclass(frozen=True)
class Claim:
    """The export as it stood when it was taken."""

    row: Export

    def _mine(self) -> Any:
        return (
            (Export.id == self.row.id)
            & (Export.fence == self.row.fence)
            & (Export.status == WORKING)
            & (Export.lease_until > clock_now())
        )

    def beat(self, done: int, total: int) -> None:
        """Still at it; raises LostError."""
        self._write({"lease_until": clock_now() + _LEASE_MS, "done": done, "total": total})

    def end(self, status: str, values: Mapping[str, Any] | None = None) -> None:
        """The export is over, and the claim with it; raises LostError."""
        self._write(
            {
                "status": status,
                "changed_at": clock.now(),
                "lease_until": LONG_AGO,
                "error": None,
                **(values or {}),
            }
        )

    def give_back(self, *, tried: bool, error: str | None = None) -> None:
        """Let it wait for another turn; `tried`: this turn counts as an attempt.

        `error` is a sentence for the member about what it waits for.
        """
        attempts = self.row.attempts if tried else self.row.attempts - 1
        self.end(WAITING, {"attempts": attempts, "error": error})

    def _write(self, values: Mapping[str, Any]) -> None:
        with transaction():
            if not Export.update(**values).where(self._mine()).execute():
                raise LostError


def claim(export_id: int, at_once: int) -> Claim | None:
    """Take an export that is to be made and that no living worker holds.

    None also where `at_once` others are being made just now: whoever ends one wakes the next.
    """
    other = Export.alias()
    held = (
        other.select(fn.COUNT(SQL("*")))
        .where((other.status == WORKING) & (other.lease_until > clock_now()))
        .where(other.id != export_id)
    )
    free = (
        (Export.id == export_id)
        & Export.status.in_(UNFINISHED)
        & (Export.lease_until <= clock_now())
        & (held < at_once)
    )
    with transaction():
        taken = list(
            Export.update(
                status=WORKING,
                lease_until=clock_now() + _LEASE_MS,
                fence=Export.fence + 1,
                attempts=Export.attempts + 1,
                error=None,
            )
            .where(free)
            .returning(Export)
            .execute()
        )
    return Claim(taken[0]) if taken else None
