"""What the database takes now, what the ledger saw, and when the budget is reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.models import StorageRecord, sizes
from audiospective.models.marks import Mark
from audiospective.policy.storage import MB
from audiospective.services import Services

FULL = "storage:full"  # mark: when the budget is reached, as the ledger's job reckoned last
DAYS = 30


@dataclass(frozen=True)
class Room:
    """Bytes. `days` are (ISO date, bytes) of the ledger, oldest first; `full_at` None: never, or
    not reckoned yet (`reckoned`). `ahead` are bytes from then on, `step` days apart. `a_day` is by
    how much it grew on average."""

    size: int
    budget: int
    days: tuple[tuple[str, int], ...]
    full_at: datetime | None
    reckoned: datetime | None
    step: float = 0.0
    ahead: tuple[float, ...] = ()

    @property
    def a_day(self) -> float | None:
        if len(self.days) < 2:
            return None
        (first, before), (last, now) = self.days[0], self.days[-1]
        apart = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days
        return (now - before) / apart if apart else None


def look(services: Services) -> Room:
    """Three statements, none of which reads plays."""
    newest = StorageRecord.select().order_by(StorageRecord.day.desc()).limit(DAYS)
    days = [(one.day, int(one.size)) for one in newest]
    mark = Mark.get_or_none(Mark.name == FULL)
    note = mark.noted if mark else {}
    return Room(
        size=sizes.total(),
        budget=services.settings.storage_budget_mb * MB,
        days=tuple(reversed(days)),
        full_at=mark.at if mark and note.get("days") is not None else None,
        reckoned=datetime.fromisoformat(note["on"]) if "on" in note else None,
        step=float(note.get("step", 0)),
        ahead=tuple(note.get("ahead", ())),
    )


def remember(
    services: Services,
    days: float | None,
    now: datetime,
    step: float = 0.0,
    ahead: Sequence[float] = (),
) -> None:
    """Keep when the budget will be reached: `days` from now, None for never; and the way there."""
    note = {
        "days": None if days is None else round(days),
        "on": now.isoformat(),
        "budget_mb": services.settings.storage_budget_mb,
        "step": step,
        "ahead": [round(one) for one in ahead],
    }
    Mark.put(FULL, now + timedelta(days=min(days or 0, 36_500)), json.dumps(note))
