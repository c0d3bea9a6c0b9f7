"""The storage ledger: what the archive takes, what it will take, and when operators must act."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from peewee import SQL, fn

from audiospective import clock, log
from audiospective.history.catalog import lookup
from audiospective.models import Import, Play, PlaySegment, StorageRecord, User
from audiospective.models.base import transaction
from audiospective.models.imports import DONE
from audiospective.models.sizes import empty, tables, total
from audiospective.notices.kinds import operator_alert
from audiospective.operations import verify
from audiospective.operations.overview import database_size
from audiospective.policy import storage, storage_forecast, storage_outlook
from audiospective.policy.storage import MB, Measured
from audiospective.policy.storage_forecast import Day, Shape
from audiospective.services import Services

PRICES = Path(__file__).with_name("prices.toml")
DAY = 86_400.0  # seconds
RECENT = 100  # plays of a member that say how much they listen; as many rows there always are
SAMPLE = 1_000  # rows from which on the table says what one takes
ROW_COST = 100.0  # bytes, where nothing is stored that could be measured


def measure(*, costs: bool = True) -> Measured:
    """Look at this very database; `costs` also measures what a row takes (needs Polars)."""
    sizes = tables()
    members = User.select(fn.COUNT(SQL("*"))).scalar()
    count, sealed = PlaySegment.select(
        fn.COUNT(SQL("*")), fn.COALESCE(fn.SUM(PlaySegment.plays), 0)
    ).scalar(as_tuple=True)
    away = PlaySegment.select(fn.COALESCE(fn.SUM(PlaySegment.size), 0)).where(
        fn.LENGTH(PlaySegment.blob) == 0
    )
    brought = Import.select(fn.COALESCE(fn.SUM(Import.added), 0)).where(Import.status == DONE)
    return Measured(
        size=total(),
        empty=empty(),
        rows=sizes.get("plays", 0),
        segments=sizes.get("play_segments", 0),
        hot=Play.select().count(),
        sealed=int(sealed),
        members=members,
        plays_per_day=_plays_per_day(),
        row_cost=(_row_cost() if costs else 0) or ROW_COST,
        catalog=_catalog(sizes),
        tracks=lookup.number_of_tracks(),
        files=int(count),
        away=int(away.scalar()),
        brought=int(brought.scalar()) / members if members else 0.0,
    )


def shape(found: Measured) -> Shape:
    """What a forecast goes by: this measurement, after the lines of the ledger."""
    lines = StorageRecord.select().order_by(StorageRecord.day)
    days = [_day(line, found.empty) for line in lines if line.tracks is not None]
    today = clock.now().timestamp() / DAY
    days = [one for one in days if one.day < int(today)]
    here = Day(
        today,
        found.members,
        found.plays,
        found.sealed,
        found.tracks,
        # Years in storage count as if they were here: whether they are is what the forecast asks.
        float(found.segments + found.away),
        float(found.catalog),
        float(found.other),
    )
    known = bool(found.members and found.plays_per_day)
    return storage_forecast.shape(
        [*days, here],
        empty=float(found.empty),
        rate=found.rate if known else None,
        row=found.rows / found.hot if found.hot >= SAMPLE else found.row_cost,
        segments=found.files,
        brought=found.brought,
    )


def _day(line: StorageRecord, nothing: int) -> Day:
    sizes = json.loads(line.tables)
    years, names = sizes.get("play_segments", 0), _catalog(sizes)
    other = max(0, line.size - nothing - sizes.get("plays", 0) - years - names)
    at = datetime.fromisoformat(line.day).replace(tzinfo=UTC).timestamp() / DAY
    return Day(
        at,
        line.members,
        line.hot + line.sealed,
        line.sealed,
        line.tracks,
        float(years),
        float(names),
        float(other),
    )


def _catalog(sizes: Mapping[str, int]) -> int:
    return sum(size for name, size in sizes.items() if name.startswith("catalog_"))


def _plays_per_day() -> float:
    """Plays a day of everybody, by how far back the newest RECENT plays of each member reach.

    Not by the oldest row: one late play among them would make a listener seem asleep.
    """
    now = clock.to_ms(clock.now())
    place = fn.ROW_NUMBER().over(partition_by=[Play.user], order_by=[Play.played_at.desc()])
    ranked = Play.select(Play.user, Play.played_at, place.alias("place")).alias("ranked")
    newest = (
        Play.select(fn.COUNT(SQL("*")), fn.MIN(ranked.c.played_at))
        .from_(ranked)
        .where(ranked.c.place <= RECENT)
        .group_by(ranked.c.user_id)
    )
    return float(
        sum(plays / max(1.0, (now - oldest) / 1000 / DAY) for plays, oldest in newest.tuples())
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
            StorageRecord.tracks: found.tracks,
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
    database_size.remember(services, _full_in(services, found), now, *_ahead(services, found))
    verify.report_damage(services)
    written: StorageRecord = StorageRecord.get_by_id(now.date().isoformat())
    return written


def prices(path: Path = PRICES) -> dict[str, Any]:
    """The price table."""
    return tomllib.loads(path.read_text())


def _warn(services: Services, found: Measured, level: int) -> None:
    now, budget = clock.now(), services.settings.storage_budget_mb
    log.event("storage_nearly_full", log.WARNING, percent=level, budget_mb=budget)
    here = shape(found)
    moves = services.settings.keeps_closed_years_in_storage
    days = _full_in(services, found)
    used = f"{found.size / MB:,.0f} MB of {budget:,} MB are used, more than {level} %."
    ahead = "" if days is None else f" As it grows it is full in {days:,.0f} days."
    if days is not None:
        parts = storage_forecast.after(here, found.members, days, storage=moves)
        ahead += f" What helps: {storage_forecast.advice(parts, storage=moves)}."
    operator_alert.tell(
        services,
        "storage",
        f"storage.{level}.{now:%Y-%m-%d}",
        {"since": clock.to_ms(now), "said": used + ahead},
    )


def _full_in(services: Services, found: Measured) -> float | None:
    """In how many days the budget is reached; None: not within a lifetime."""
    return storage_forecast.full_in(
        shape(found),
        found.members,
        services.settings.storage_budget_mb * MB,
        storage=services.settings.keeps_closed_years_in_storage,
    )


def _ahead(services: Services, found: Measured) -> tuple[float, tuple[float, ...]]:
    """How the database goes on growing; see storage_outlook.ahead."""
    return storage_outlook.ahead(
        shape(found),
        found.members,
        services.settings.storage_budget_mb * MB,
        storage=services.settings.keeps_closed_years_in_storage,
    )


def _row_cost() -> float:
    from audiospective.history import row_size

    return row_size.row_cost(row_size.sample())
