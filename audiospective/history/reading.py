"""The one way to read plays: segments and hot tail, less what was deleted, each play once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from audiospective import clock
from audiospective.history import flags, hot_tail, one_look, segment, segment_store
from audiospective.history.catalog import frames
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.history.segment_store import Stored
from audiospective.models import PlaySegment, RemovedPlay
from audiospective.policy.sealing import year_span

CATALOG_COLUMNS = ("artist", "album")  # ids; the artist is the first one credited
COLUMNS = (*segment.COLUMNS, *CATALOG_COLUMNS)
_HOT = {name: segment.SCHEMA.get(name, pl.Int16()) for name in hot_tail.COLUMNS} | {
    "played_at": pl.Int64()
}
_BITS = pl.col("flags")
_TOLD = {  # what rows keep in a closer form; made once, since every page reads a few rows
    "played_at": pl.col("played_at").cast(segment.INSTANT),
    **{
        name: pl.when(_BITS & 1 << (bit + flags.KNOWN) != 0).then(_BITS & 1 << bit != 0)
        for bit, name in enumerate(flags.NAMES)
    },
}
_AS_SEGMENT = [_TOLD.get(name, pl.col(name)).alias(name) for name in segment.COLUMNS]


def frame(
    user_id: int,
    start: datetime | None = None,
    end: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Somebody's plays with `start` <= played_at < `end` (aware), oldest first, each key once.

    `columns` are names of COLUMNS, in that order in the answer; None gives segment.COLUMNS. Only
    segments that overlap the span are opened, and only the columns that are needed.
    """
    first = None if start is None else clock.to_ms(start)
    last = None if end is None else clock.to_ms(end)
    return between(user_id, first, last, segment.COLUMNS if columns is None else columns)


def between(
    user_id: int, start: int | None, end: int | None, columns: Sequence[str]
) -> pl.DataFrame:
    """The same with milliseconds."""
    needed = _needed(columns)
    rows, segments = _together(user_id, start, end)
    parts = _from_segments(segments, start, end, needed)
    rows = rows.select(needed)
    plays = _join(parts, rows)
    plays = without_removed(user_id, plays) if parts else plays
    if any(name in CATALOG_COLUMNS for name in columns):
        plays = frames.join(plays)
    return plays.select(columns)


def newest(user_id: int, limit: int, end: int | None) -> list[tuple[Any, ...]]:
    """The `limit` newest plays before `end`, ties included, newest first; as tuples.

    Goes back year by year and opens no segment older than it has to.
    """
    wanted = ("played_at", "track", "source", "ms_played", "context")
    starts = (
        PlaySegment.select(PlaySegment.first_at)
        .where(PlaySegment.user == user_id)
        .order_by(PlaySegment.year.desc())
    )
    if end is not None:
        starts = starts.where(PlaySegment.first_at < end)
    parts: list[pl.DataFrame] = []
    until = end
    for start in (*(at for (at,) in starts.tuples()), None):
        parts.append(between(user_id, start, until, wanted))
        until = start
        if sum(part.height for part in parts) >= limit:
            break
    plays = pl.concat(reversed(parts)).with_columns(pl.col("played_at").to_physical())
    if plays.height > limit:
        plays = plays.filter(pl.col("played_at") >= plays["played_at"][-limit])
    return plays.reverse().rows()


def spans(user_id: int) -> list[tuple[datetime | None, datetime | None]]:
    """All time in pieces that open one segment each, oldest first: for whoever reads everything.

    One frame after the other keeps memory flat however long the archive is.
    """
    years = PlaySegment.select(PlaySegment.year).where(PlaySegment.user == user_id)
    starts = [
        clock.from_ms(year_span(year)[0]) for (year,) in years.order_by(PlaySegment.year).tuples()
    ]
    return list(zip([None, *starts[1:]], [*starts[1:], None], strict=True))


def repeated(user_id: int, end: int) -> int:
    """How many rows before `end` repeat a play that is sealed already."""
    rows = from_rows(user_id, None, end).select(segment.KEY)
    if rows.is_empty():
        return 0
    start = int(rows["played_at"].to_physical()[0])
    segments = segment_store.stored(user_id, start, end)
    parts = _from_segments(segments, start, end, list(segment.KEY))
    return rows.join(pl.concat([rows.clear(), *parts]), on=segment.KEY, how="semi").height


def from_rows(user_id: int, start: int | None = None, end: int | None = None) -> pl.DataFrame:
    """The hot tail as a frame of all segment columns, in order."""
    first = segment_store.EVER if start is None else start
    last = segment_store.NEVER if end is None else end
    return as_frame(hot_tail.rows(user_id, first, last))


def as_frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Tuples of hot_tail.COLUMNS as a frame of all segment columns."""
    frame = pl.DataFrame(rows, schema=_HOT, orient="row")
    return frame.select(_AS_SEGMENT)


def _needed(columns: Sequence[str]) -> list[str]:
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ValueError(f"a play has no {', '.join(unknown)}")
    return [name for name in segment.COLUMNS if name in columns or name in segment.KEY]


def _together(
    user_id: int, start: int | None, end: int | None
) -> tuple[pl.DataFrame, list[Stored]]:
    """The rows of a span, and the segments that may hold plays of it, as they are at one instant.

    If segments change all the time, what is sealed meanwhile is seen twice.
    """
    first = segment_store.EVER if start is None else start
    last = segment_store.NEVER if end is None else end
    for _ in range(one_look.TRIES):
        rows, marks = one_look.plays(user_id, first, last)
        segments = segment_store.stored(user_id, first, last) if marks else []
        if [(one.year, one.sha256) for one in segments] == [mark[:2] for mark in marks]:
            break
    return as_frame(rows), segments


def _from_segments(
    stored: list[Stored], start: int | None, end: int | None, columns: list[str]
) -> list[pl.DataFrame]:
    first = segment_store.EVER if start is None else start
    last = segment_store.NEVER if end is None else end
    instant = pl.col("played_at").to_physical()
    parts = []
    rows = segment_store.fetched(stored)
    together = segment_store.opened_all(rows, columns)
    for row in rows:
        try:
            plays = (
                together[row.year] if row.year in together else segment_store.opened(row, columns)
            )
        except segment_store.DamagedSegmentError as error:
            segment_store.set_aside(row, str(error))
            continue
        except YearAwayError as error:
            away.tolerate(error)
            continue
        inside = first <= row.first_at and row.last_at < last
        parts.append(plays if inside else plays.filter((instant >= first) & (instant < last)))
    return parts


def _join(parts: list[pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    """Segments are in order and apart from each other; only rows can repeat or come late."""
    sealed = pl.concat(parts) if parts else rows.clear()
    if rows.is_empty() or sealed.is_empty():
        return sealed if rows.is_empty() else rows
    instants = sealed["played_at"].to_physical()
    apart = instants.search_sorted(int(rows["played_at"].to_physical()[0]), "left")
    if apart == sealed.height:
        return pl.concat([sealed, rows])
    return pl.concat([sealed.head(apart), segment.merge([sealed.slice(apart), rows])])


def without_removed(user_id: int, plays: pl.DataFrame) -> pl.DataFrame:
    keys = list(
        RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track)
        .where(RemovedPlay.user == user_id)
        .tuples()
    )
    return without(plays, keys)


def without(plays: pl.DataFrame, keys: Sequence[hot_tail.Key]) -> pl.DataFrame:
    """The plays whose key is none of `keys`."""
    if not keys:
        return plays
    return plays.join(key_frame(keys), on=segment.KEY, how="anti", maintain_order="left")


def key_frame(keys: Sequence[hot_tail.Key]) -> pl.DataFrame:
    """Keys, (milliseconds, track), as a frame to join with."""
    schema = {"played_at": pl.Int64(), "track": pl.Int32()}
    frame = pl.DataFrame(keys, schema=schema, orient="row")
    return frame.with_columns(pl.col("played_at").cast(segment.INSTANT))
