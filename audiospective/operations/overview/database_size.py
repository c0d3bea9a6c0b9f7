"""What the database takes now, what the ledger saw, and when the budget is reached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.models import StorageRecord, sizes
from audiospective.models.system_state import Mark
from audiospective.policy.storage import MB
from audiospective.services import Services

FULL = "storage:full"  # mark: when the budget is reached, as the ledger's job reckoned last
DAYS = 30


@dataclass(frozen=True)
class Room:
    """Bytes. `days` are (ISO date, bytes) of the ledger, oldest first; `full_at` None: never, or
    not reckoned yet (`reckoned`). `a_day` is by how much it grew on average."""

    size: int
    budget: int
    days: tuple[tuple[str, int], ...]
    full_at: datetime | None
    reckoned: datetime | None

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
    note = json.loads(mark.note or "{}") if mark else {}
    return Room(
        size=sizes.total(),
        budget=services.settings.storage_budget_mb * MB,
        days=tuple(reversed(days)),
        full_at=mark.at if mark and note.get("days") is not None else None,
        reckoned=datetime.fromisoformat(note["on"]) if "on" in note else None,
    )


def remember(services: Services, days: float | None, now: datetime) -> None:
    """Keep when the budget will be reached: `days` from now, None for never."""
    note = {"days": None if days is None else round(days), "on": now.isoformat()}
    note["budget_mb"] = services.settings.storage_budget_mb
    Mark.put(FULL, now + timedelta(days=min(days or 0, 36_500)), json.dumps(note))
