"""Takes in many plays at once, past the hot tail: imports, restored backups, healed segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from peewee import fn

from audiospective.history import (
    flags,
    hot_tail,
    lock,
    reading,
    sealing,
    segment,
    segment_store,
    split_tail,
)
from audiospective.models import PlaySegment
from audiospective.policy.sealing import KEEP


@dataclass(frozen=True)
class Absorbed:
    """What became of the plays: `added` are new, `known` were there, `removed` stay deleted."""

    added: int
    known: int
    removed: int


def absorb(user_id: int, plays: pl.DataFrame) -> Absorbed:
    """Add plays (all columns of segment.SCHEMA, any order) in one transaction.

    Only the newest stay rows (split_tail), the others go to segments. A play whose key is known
    fills in what was unknown about it; what its owner deleted stays deleted.
    """
    offered = segment.merge([plays.select(segment.COLUMNS).cast(segment.SCHEMA)])
    with lock.held(user_id):
        wanted = reading.without_removed(user_id, offered)
        last = _last_sealed(user_id)
        hot_tail.hold(user_id)
        rows = reading.from_rows(user_id)
        known = rows.height - (0 if last is None else reading.repeated(user_id, last + 1))
        together = segment.merge([rows, wanted])
        keep = _after(together, last).tail(KEEP).height
        older, newest = split_tail.split(user_id, together, rows, keep, KEEP)
        # Just the rows that were read are replaced: a poll may be adding others meanwhile.
        hot_tail.delete(user_id, keys(rows))
        added = sealing.merge(user_id, older) + newest.height - known
        hot_tail.put(user_id, as_rows(newest))
        if newest.height > keep:
            added -= reading.repeated(user_id, segment_store.NEVER)  # which counts as sealed
    return Absorbed(added, wanted.height - added, offered.height - wanted.height)


def keys(plays: pl.DataFrame) -> list[hot_tail.Key]:
    """The keys of plays, (milliseconds, track)."""
    return plays.select(pl.col("played_at").to_physical(), "track").rows()


def as_rows(plays: pl.DataFrame) -> list[dict[str, Any]]:
    """Plays (all segment columns) as rows of the hot tail."""
    rows = plays.with_columns(pl.col("played_at").to_physical()).to_dicts()
    for row in rows:
        row["flags"] = flags.pack({name: row.pop(name) for name in flags.NAMES})
    return rows


def _last_sealed(user_id: int) -> int | None:
    last = PlaySegment.select(fn.MAX(PlaySegment.last_at)).where(PlaySegment.user == user_id)
    found: int | None = last.scalar()
    return found


def _after(plays: pl.DataFrame, instant: int | None) -> pl.DataFrame:
    """The plays newer than everything sealed: only among them may the newest be rows."""
    if instant is None:
        return plays
    return plays.filter(pl.col("played_at").to_physical() > instant)
