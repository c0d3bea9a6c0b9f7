"""Imports and exports by state."""

from __future__ import annotations

from datetime import datetime

from peewee import SQL, fn

from audiospective.models import Import
from audiospective.models.exports import Export


def imports(since: datetime) -> dict[str, int]:
    """Imports that were begun since then, by state; one statement."""
    return _by_status(Import, since)


def exports(since: datetime) -> dict[str, int]:
    """Exports that were asked for since then, by state; one statement."""
    return _by_status(Export, since)


def _by_status(model: type[Import | Export], since: datetime) -> dict[str, int]:
    rows = (
        model.select(model.status, fn.COUNT(SQL("*")))
        .where(model.created_at >= since)
        .group_by(model.status)
        .tuples()
    )
    return {status: int(count) for status, count in rows}
