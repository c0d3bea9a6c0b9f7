"""Replaces all plays of a person by others that were worked out meanwhile, unless they changed.

Working out what an import makes of an archive takes seconds; nobody should wait for the one lock
of the archive, or of SQLite, for that long. So the plays are read without it, and written under it
only if what was read is still there as it was. Rows that polls added do not count as changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from audiospective.history import (
    bulk_add,
    hot_tail,
    lock,
    reading,
    segment,
    segment_store,
    split_tail,
)
from audiospective.models.plays import FROM_POLL
from audiospective.policy.sealing import KEEP

_AT_ONCE = 2  # years: one column of a year takes most of the time, and a thread no more than one
Span = tuple[int, int]  # UTC milliseconds, half-open


class ChangedError(Exception):
    """The archive is no longer what was read: read it again. Nothing was written."""


@dataclass(frozen=True)
class Snapshot:
    """All plays of a person, and by what it is recognised that they are still all of them."""

    plays: pl.DataFrame  # all columns of segment.COLUMNS, in order, without deleted ones
    rows: pl.DataFrame  # those that are rows
    segments: dict[int, str]  # sha256 by year


def snapshot(user_id: int) -> Snapshot:
    """Read everything; rows first, so that what is sealed meanwhile is seen twice, never missed."""
    rows = reading.from_rows(user_id)
    parts, segments = [rows.clear()], {}
    for stored in segment_store.fetched(segment_store.stored(user_id)):
        try:
            parts.append(segment_store.opened(stored))
        except segment_store.DamagedSegmentError as error:
            segment_store.set_aside(stored, str(error))
            continue
        segments[stored.year] = stored.sha256
    plays = reading.without_removed(user_id, segment.merge([*parts, rows]))
    return Snapshot(plays, rows, segments)


@dataclass(frozen=True)
class Prepared:
    """What is put in the place of a snapshot: the years that change, and what stays rows."""

    years: dict[int, segment_store.Encoded | None]  # None: there are no plays of that year any more
    newest: pl.DataFrame  # with what polls told last


def prepared(user_id: int, before: Snapshot, plays: pl.DataFrame) -> Prepared:
    """Make `plays` (all columns, each key once, any order) ready to be put in.

    Their types may be others that hold the same; they are cast year by year, to need less memory.
    Nothing is locked meanwhile: of a million plays it takes a second. Raises ChangedError.
    """
    plays = _in_order(plays.select(segment.COLUMNS))
    older, newest = split_tail.split(user_id, plays, before.rows, KEEP, KEEP)
    years = _by_year(older)
    stored = {row.year: row for row in segment_store.stored(user_id)}
    _require_same(before, stored)
    made: dict[int, Future[segment_store.Encoded | None]] = {}
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for year in sorted(years.keys() | stored.keys()):
            part = years.pop(year, older.clear())
            if year not in stored or not _typed(part).equals(segment_store.opened(stored[year])):
                made[year] = threads.submit(_encoded, user_id, year, part)
    done = {year: one.result() for year, one in made.items()}
    return Prepared(done, newest.cast(segment.SCHEMA))


def no_longer_polled(before: Snapshot, made: Prepared) -> list[int]:
    """Ends (UTC ms) of plays that stood in rows and only polls told of, and do not any more."""
    alone = pl.col("source") == FROM_POLL
    left = made.newest.filter(alone)
    gone = before.rows.filter(alone).join(left, on=segment.KEY, how="anti")
    return gone["played_at"].to_physical().to_list()


def _typed(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.cast(segment.SCHEMA)


def _encoded(user_id: int, year: int, plays: pl.DataFrame) -> segment_store.Encoded | None:
    return segment_store.encoded(user_id, year, _typed(plays))


def put(user_id: int, before: Snapshot, ready: Prepared) -> None:
    """Make it all that was in `before`, in one transaction under the lock.

    The newest stay rows (split_tail), and so does what polls added since. Raises ChangedError.
    """
    with lock.held(user_id):
        hot_tail.hold(user_id)
        require_kept(user_id, before)
        hot_tail.delete(user_id, bulk_add.keys(before.rows))
        for year, one in ready.years.items():
            segment_store.put(user_id, year, one)
        if hot_tail.insert(user_id, bulk_add.as_rows(ready.newest)) != ready.newest.height:
            raise ChangedError


def require_kept(user_id: int, before: Snapshot) -> None:
    """Raises ChangedError unless all plays stayed, and only polls added more; under the lock."""
    _require_same(before, {row.year: row for row in segment_store.stored(user_id)})
    _require_kept(before.rows, reading.from_rows(user_id))


def replace(user_id: int, before: Snapshot, plays: pl.DataFrame) -> None:
    """Both at once."""
    put(user_id, before, prepared(user_id, before, plays))


def replace_part(user_id: int, span: Span, before: pl.DataFrame, plays: pl.DataFrame) -> None:
    """The same for a span of time: `plays` instead of `before`, all that was read of it.

    What does not differ is not written. New plays become rows, many at once go where they belong.
    """
    plays = plays.select(segment.COLUMNS).cast(segment.SCHEMA)
    with lock.held(user_id):
        hot_tail.hold(user_id, *span)
        _require_kept(before, reading.between(user_id, *span, segment.COLUMNS))
        new, gone = _beside(plays, before), _beside(before, plays).select(segment.KEY)
        hot_tail.delete(user_id, bulk_add.keys(gone))
        for year in gone["played_at"].dt.year().unique().sort():
            known = segment_store.load(user_id, year)
            left = None if known is None else known.join(gone, on=segment.KEY, how="anti",
                                                         maintain_order="left")  # fmt: skip
            if known is not None and left is not None and left.height < known.height:
                segment_store.write(user_id, year, left)
        if new.height > KEEP:
            bulk_add.absorb(user_id, new)
        elif hot_tail.insert(user_id, bulk_add.as_rows(new)) != new.height:
            raise ChangedError


def _beside(plays: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Those plays that are not among the others just as they are."""
    return plays.join(others, on=segment.COLUMNS, how="anti", nulls_equal=True)


def _require_kept(before: pl.DataFrame, there: pl.DataFrame) -> None:
    """Raises ChangedError unless all plays stayed just as they were, and only polls added more.

    Of a play that is there a poll may tell, too, and players send plays at any time.
    """
    came = _beside(there, before)
    if _beside(before, there).height or came.filter(pl.col("source") != FROM_POLL).height:
        raise ChangedError


def _require_same(before: Snapshot, stored: Mapping[int, segment_store.Stored]) -> None:
    if {year: row.sha256 for year, row in stored.items()} != before.segments:
        raise ChangedError


def _in_order(plays: pl.DataFrame) -> pl.DataFrame:
    """Sorted by key; without a copy of what is in order already, a million plays are large."""
    at, track = (pl.col(name) for name in segment.KEY)
    back = (at < at.shift(1)) | ((at == at.shift(1)) & (track < track.shift(1)))
    return plays.sort(segment.KEY) if plays.select(back.any()).item() else plays


def _by_year(plays: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Slices of plays that are in order."""
    found, at = {}, 0
    for run in plays.select(_YEAR.rle().alias("run"))["run"].to_list():
        found[int(run["value"])] = plays.slice(at, run["len"])
        at += run["len"]
    return found


_YEAR = pl.col("played_at").dt.year()
