"""The storage ledger: what the archive takes, what it will take, and when operators must act."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import SQL, fn

from audiospective import clock, log
from audiospective.models import Play, PlaySegment, StorageRecord, User
from audiospective.models.base import transaction
from audiospective.models.sizes import empty, tables, total
from audiospective.notices.kinds import operator_alert
from audiospective.operations import verify
from audiospective.policy import storage
from audiospective.policy.storage import MB, Measured
from audiospective.services import Services

PRICES = Path(__file__).with_name("prices.toml")
RECENT = timedelta(days=7)  # listening that says how fast the archive grows
ROW_COST = 100.0  # bytes, where nothing is stored that could be measured


def measure(*, costs: bool = True) -> Measured:
    """Look at this very database; `costs` also measures what a row takes (needs Polars)."""
    sizes = tables()
    sealed = PlaySegment.select(fn.COALESCE(fn.SUM(PlaySegment.plays), 0)).scalar()
    since = clock.to_ms(clock.now() - RECENT)
    recent = Play.select().where(Play.played_at >= since).count()
    return Measured(
        size=total(),
        empty=empty(),
        rows=sizes.get("plays", 0),
        segments=sizes.get("play_segments", 0),
        hot=Play.select().count(),
        sealed=int(sealed),
        members=User.select(fn.COUNT(SQL("*"))).scalar(),
        plays_per_day=recent / RECENT.days,
        row_cost=(_row_cost() if costs else 0) or ROW_COST,
    )


def record(services: Services) -> StorageRecord:
    """Write today's line of the ledger and warn the operators of a budget that fills up."""
    now, found = clock.now(), measure(costs=False)
    level = storage.level(found.size, services.settings.storage_budget_mb * MB)
    before = StorageRecord.select().order_by(StorageRecord.day.desc()).first()
    with transaction():
        line = {
            StorageRecord.day: now.date().isoformat(),
            StorageRecord.measured_at: now,
            StorageRecord.size: found.size,
            StorageRecord.members: found.members,
            StorageRecord.hot: found.hot,
            StorageRecord.sealed: found.sealed,
            StorageRecord.segments_size: found.segments,
            StorageRecord.warned: level,
            StorageRecord.tables: json.dumps(tables()),
        }
        rest = [column for column in line if column is not StorageRecord.day]
        StorageRecord.insert(line).on_conflict(
            conflict_target=[StorageRecord.day], preserve=rest
        ).execute()
        if level > (before.warned if before else 0):
            _warn(services, found, level)
    verify.report_damage(services)
    written: StorageRecord = StorageRecord.get_by_id(now.date().isoformat())
    return written


def prices(path: Path = PRICES) -> dict[str, Any]:
    """The price table."""
    return tomllib.loads(path.read_text())


def _warn(services: Services, found: Measured, level: int) -> None:
    now, budget = clock.now(), services.settings.storage_budget_mb
    log.event("storage_nearly_full", log.WARNING, percent=level, budget_mb=budget)
    days = storage.forecast(found, found.members, budget * MB).days
    used = f"{found.size / MB:,.0f} MB of {budget:,} MB are used, more than {level} %."
    ahead = "" if days is None else f" At today's growth it is full in {days:,.0f} days."
    operator_alert.tell(
        services,
        "storage",
        f"storage.{level}.{now:%Y-%m-%d}",
        {"since": clock.to_ms(now), "said": used + ahead},
    )


def _row_cost() -> float:
    from audiospective.history import row_size

    return row_size.row_cost(row_size.sample())
