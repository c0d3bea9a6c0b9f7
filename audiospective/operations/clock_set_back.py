"""Exports, imports, deletions and plays that are sent on wait for no instant that a clock noted
which was ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from peewee import Case, Select, fn

from audiospective import clock, log
from audiospective.accounts import deletion
from audiospective.exports import claims as export_claims
from audiospective.imports import claims as import_claims
from audiospective.models.base import database, read_clock
from audiospective.models.deletions import Deletion
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.exports import UNFINISHED, Export
from audiospective.models.forwards import Forward
from audiospective.models.imports import WORK, Import
from audiospective.policy import export_schedule

LESS = timedelta(minutes=1)  # clocks differ by less
# A monthly export that is further ahead was planned by a clock that was wrong by a month at least.
# Where it was less, one month is left out: of two machines whose clocks differ all the time the one
# that is ahead would make one with every round.
MONTHS = timedelta(days=62)


@dataclass(frozen=True)
class _Ahead:
    """Rows of one table in which an instant lies too far ahead; none of `values`: each its own."""

    model: Any
    where: Any
    values: dict[Any, Any] | None = None

    def exists(self) -> Any:
        return fn.EXISTS(self.model.select(1).where(self.where))

    def bring_back(self, now: datetime) -> int:
        if self.values is None:
            return sum(_scheduled(row, now) for row in list(self.model.select().where(self.where)))
        return int(self.model.update(self.values).where(self.where).execute())


def bring_back() -> int:
    """Let what lies further ahead than its own period count from now; how many rows that were.

    One statement as long as clocks are right, besides the one that asks for the time.
    """
    # By the later one of this machine's clock and the database's: none of them noted it as it is.
    now = max(clock.now(), read_clock())
    ahead = {
        "exports": _exports(now),
        "imports": _imports(now),
        "export_schedules": _schedules(now),
        "forwards": _forwards(now),
        "deletions": _deletions(now),
    }
    any_of = reduce(or_, [rows.exists() for rows in ahead.values()])
    if not Select(columns=[any_of]).bind(database).scalar():
        return 0
    found = {name: rows.bring_back(now) for name, rows in ahead.items()}
    if any(found.values()):
        log.event("clock_was_ahead", log.WARNING, **found)
    return sum(found.values())


def _exports(now: datetime) -> _Ahead:
    leased = now + export_claims.LEASE
    ahead = (
        (Export.lease_until > leased + LESS)
        | (Export.changed_at > now + LESS)
        | (Export.created_at > now + LESS)
    )
    return _Ahead(
        Export,
        Export.status.in_(UNFINISHED) & ahead,
        {
            Export.lease_until: _at_most(Export.lease_until, leased),
            Export.changed_at: _at_most(Export.changed_at, now),
            Export.created_at: _at_most(Export.created_at, now),
        },
    )


def _imports(now: datetime) -> _Ahead:
    leased = now + import_claims.LEASE
    ahead = (Import.lease_until > leased + LESS) | (Import.changed_at > now + LESS)
    return _Ahead(
        Import,
        Import.status.in_(WORK) & ahead,
        {
            Import.lease_until: _at_most(Import.lease_until, leased),
            Import.changed_at: _at_most(Import.changed_at, now),
        },
    )


def _schedules(now: datetime) -> _Ahead:
    return _Ahead(
        ExportSchedule,
        (ExportSchedule.next_at > now + MONTHS)
        | (ExportSchedule.created_at > now + LESS)
        | (ExportSchedule.tried_at > now + LESS),
    )


def _scheduled(row: ExportSchedule, now: datetime) -> int:
    begun = min(row.created_at, now)
    following = export_schedule.following(begun, now)
    is_far = row.next_at > now + MONTHS or begun < row.created_at
    same = (ExportSchedule.user == row.user_id) & (ExportSchedule.next_at == row.next_at)
    values = {
        ExportSchedule.created_at: begun,
        ExportSchedule.next_at: min(row.next_at, following) if is_far else row.next_at,
        ExportSchedule.tried_at: _at_most(ExportSchedule.tried_at, now),
    }
    return int(ExportSchedule.update(values).where(same).execute())


def _forwards(now: datetime) -> _Ahead:
    """When the next round is for one, `exports.forwarding.is_due` sees by itself."""
    return _Ahead(
        Forward,
        (Forward.since > now + LESS) | (Forward.failing_since > now + LESS),
        {
            Forward.since: _at_most(Forward.since, now),
            Forward.failing_since: _at_most(Forward.failing_since, now),
        },
    )


def _deletions(now: datetime) -> _Ahead:
    """When it was asked for stays: the link by which a member keeps the account goes by that."""
    latest = now + deletion.WAITS
    far = Deletion.begun_at.is_null() & (Deletion.due_at > latest + LESS)
    return _Ahead(Deletion, far, {Deletion.due_at: latest})


def _at_most(column: Any, instant: datetime) -> Case:
    ms = clock.to_ms(instant)
    return Case(None, [(column > ms, ms)], column)
