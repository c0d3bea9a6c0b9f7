"""A worker takes an import for itself, and writes only while it still holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.models.base import LONG_AGO, clock_now, transaction
from audiospective.models.imports import WORK, Import

LEASE = timedelta(seconds=120)  # longer than any step that tells nothing in between
_LEASE_MS = LEASE // timedelta(milliseconds=1)


class LostError(Exception):
    """Somebody else has the import by now, or its member cancelled it: nothing more is written."""


@dataclass(frozen=True)
class Claim:
    """The import as it stood when it was taken."""

    row: Import

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def user_id(self) -> int:
        return int(self.row.user_id)

    def _mine(self) -> Any:
        return (
            (Import.id == self.row.id)
            & (Import.fence == self.row.fence)
            & (Import.status == self.row.status)
            & (Import.lease_until > clock_now())
        )

    def beat(self, step: int = 0, steps: int = 0) -> None:
        """Still at it; raises LostError."""
        values = {
            "lease_until": clock_now() + _LEASE_MS,
            "step": step,
            "steps": steps,
            "error": None,
        }
        with transaction():
            if not Import.update(**values).where(self._mine()).execute():
                raise LostError

    def end(self, status: str, values: Mapping[str, Any] | None = None) -> None:
        """The import goes on to `status`, and the claim ends; raises LostError."""
        told = {
            "status": status,
            "changed_at": clock.now(),
            "lease_until": LONG_AGO,
            "attempts": 0,
            "step": 0,
            "steps": 0,
            "error": None,
            **(values or {}),
        }
        with transaction():
            if not Import.update(**told).where(self._mine()).execute():
                raise LostError


def claim(import_id: int) -> Claim | None:
    """Take an import that has work to be done and that no living worker holds."""
    free = (Import.id == import_id) & Import.status.in_(WORK) & (Import.lease_until <= clock_now())
    with transaction():
        taken = list(
            Import.update(
                lease_until=clock_now() + _LEASE_MS,
                fence=Import.fence + 1,
                attempts=Import.attempts + 1,
            )
            .where(free)
            .returning(Import)
            .execute()
        )
    return Claim(taken[0]) if taken else None


def waiting() -> list[int]:
    """Imports that nobody works on though there is something to do, the longest waiting first."""
    rows = (
        Import.select(Import.id)
        .where(Import.status.in_(WORK) & (Import.lease_until <= clock_now()))
        .order_by(Import.changed_at, Import.id)
        .tuples()
    )
    return [import_id for (import_id,) in rows]
