"""Keeps segments in their rows: checked when read, proved when written, set aside when damaged.

The bytes of closed years may stand in storage instead (closed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl
from peewee import fn

from audiospective import clock, log
from audiospective.history import segment
from audiospective.history.closed import objects
from audiospective.history.closed.away import YearAwayError
from audiospective.models import DamagedSegment, PlaySegment, dialects, transaction
from audiospective.models.base import as_list, listed
from audiospective.policy.sealing import year_span

EVER, NEVER = -(2**62), 2**62
_STORED = (
    "SELECT user_id, year, format, plays, first_at, last_at, sha256, blob, object"
    " FROM play_segments"
    " WHERE user_id = ? AND last_at >= ? AND first_at < ? ORDER BY year"
)
_OF_YEARS = (
    "SELECT user_id, year, format, plays, first_at, last_at, sha256, blob, object"
    " FROM play_segments"
    " WHERE user_id = ? AND year IN (SELECT value FROM {listed}) ORDER BY year"
)
IS_HOME = fn.LENGTH(PlaySegment.blob) > 0  # else its bytes are in storage alone


class SegmentProofError(Exception):
    """What was written does not read back as it was: nothing may be deleted."""


class DamagedSegmentError(Exception):
    """A segment that is not what was written; the message says what is wrong."""


@dataclass(frozen=True)
class Stored:
    """A segment as it stands in its row. (A model's instance would live on until the garbage
    collector runs, its bytes with it.)"""

    user_id: int
    year: int
    format: int
    plays: int
    first_at: int
    last_at: int
    sha256: str
    blob: bytes
    object: str | None  # the key of its object, if it has or is about to have one

    @property
    def is_home(self) -> bool:
        """Whether its bytes stand in the row; else they are in storage alone."""
        return bool(self.blob)


def stored(user_id: int, start: int = EVER, end: int = NEVER) -> list[Stored]:
    """Segments that may hold plays from `start` until before `end` (ms), oldest first."""
    rows = dialects.run(_STORED, (user_id, start, end)).fetchall()
    return [Stored(*row) for row in rows]


def of_years(user_id: int, years: Collection[int]) -> list[Stored]:
    """The segments of these years, oldest first; one query, none for no year."""
    if not years:
        return []
    query = _OF_YEARS.format(listed=listed())
    return [Stored(*row) for row in dialects.run(query, (user_id, as_list(years)))]


def opened(row: Stored | DamagedSegment, columns: Sequence[str] = segment.COLUMNS) -> pl.DataFrame:
    """The plays of a segment; raises DamagedSegmentError rather than give half a year.

    Raises YearAwayError if its bytes are in storage, and storage does not give them just now, or
    if they are sound and this process has nothing left to read them with.
    """
    if isinstance(row, Stored) and not row.is_home:
        return _decoded(row, objects.read(row), columns)
    return _decoded(row, bytes(row.blob), columns)


def opened_all(rows: Sequence[Stored], columns: Sequence[str]) -> dict[int, pl.DataFrame]:
    """Plays by year of those rows that are sound and at home, read together, in half the time.

    What is wrong with one that is missing in the answer, `opened` tells.
    """
    sound = [row for row in rows if row.is_home and _is_sound(row)]
    try:
        found = segment.decode_all([bytes(row.blob) for row in sound], columns)
    except (segment.UnreadableSegmentError, segment.ExhaustedError):
        return {}
    return {
        row.year: plays
        for row, plays in zip(sound, found, strict=True)
        if plays.height == row.plays
    }


def _is_sound(row: Stored) -> bool:
    return row.format == segment.FORMAT and hashlib.sha256(row.blob).hexdigest() == row.sha256


def _decoded(row: Stored | DamagedSegment, blob: bytes, columns: Sequence[str]) -> pl.DataFrame:
    if hashlib.sha256(blob).hexdigest() != row.sha256:
        raise DamagedSegmentError("its bytes do not have the hash that was noted")
    try:
        plays = segment.decode(blob, columns, row.format)
    except segment.UnreadableSegmentError as error:
        raise DamagedSegmentError(str(error)) from None
    except segment.ExhaustedError as error:
        log.event("year_away", log.WARNING, year=row.year, reason=str(error))
        raise YearAwayError(row.year, str(error)) from error
    if plays.height != row.plays:
        raise DamagedSegmentError(f"it holds {plays.height} plays, {row.plays} were noted")
    return plays


def fetched(rows: Sequence[Stored]) -> Sequence[Stored]:
    """The same, once what stands in storage has been fetched at once instead of one by one."""
    objects.warm([row for row in rows if not row.is_home])
    return rows


def of_year(user_id: int, year: int) -> Stored | None:
    """The segment of one year, if there is one."""
    first, following = year_span(year)
    found = (row for row in stored(user_id, first, following) if row.year == year)
    return next(found, None)


def load(user_id: int, year: int) -> pl.DataFrame | None:
    """A year of somebody's plays, to be changed under the lock; None if there is nothing sound.

    A damaged segment is set aside, so that its year can go on. Raises YearAwayError.
    """
    row = of_year(user_id, year)
    if row is None:
        return None
    try:
        return opened(row)
    except DamagedSegmentError as error:
        set_aside(row, str(error))
        return None


@dataclass(frozen=True)
class Encoded:
    """A year of plays as the bytes of a segment, which were read again."""

    year: int
    blob: bytes
    sha256: str
    plays: int
    first_at: int
    last_at: int


def encoded(user_id: int, year: int, plays: pl.DataFrame) -> Encoded | None:
    """The segment of a year's `plays` (sorted, each key once), None without any.

    Needs no database: it takes a tenth of a millisecond a play. Raises SegmentProofError.
    """
    if plays.is_empty():
        return None
    blob = segment.encode(plays)
    instants = plays["played_at"].to_physical()
    first, following = year_span(year)
    try:
        found = segment.decode(blob)
    except (segment.UnreadableSegmentError, segment.ExhaustedError) as error:
        raise SegmentProofError(f"year {year} of user {user_id}: {error}") from None
    if not (found.equals(plays) and first <= instants[0] and instants[-1] < following):
        raise SegmentProofError(f"year {year} of user {user_id} reads back changed")
    sha256 = hashlib.sha256(blob).hexdigest()
    return Encoded(year, blob, sha256, plays.height, instants[0], instants[-1])


def write(user_id: int, year: int, plays: pl.DataFrame) -> None:
    """Make `plays` (sorted, each key once) the segment of a year, and prove that they are.

    In the caller's transaction, under the lock. Raises SegmentProofError.
    """
    put(user_id, year, encoded(user_id, year, plays))


def put(user_id: int, year: int, one: Encoded | None) -> None:
    """Make it the segment of a year, and prove that its bytes are there; else as `write`."""
    where = (PlaySegment.user == user_id) & (PlaySegment.year == year)
    if one is None:
        PlaySegment.delete().where(where).execute()
        return
    values = {
        PlaySegment.user: user_id,
        PlaySegment.year: year,
        PlaySegment.format: segment.FORMAT,
        PlaySegment.plays: one.plays,
        PlaySegment.first_at: one.first_at,
        PlaySegment.last_at: one.last_at,
        PlaySegment.size: len(one.blob),
        PlaySegment.sha256: one.sha256,
        PlaySegment.sealed_at: clock.now(),
        PlaySegment.blob: one.blob,
        PlaySegment.object: None,
    }
    PlaySegment.insert(values).on_conflict(
        conflict_target=[PlaySegment.user, PlaySegment.year],
        preserve=[column for column in values if column.name not in ("user", "year")],
    ).execute()
    written = of_year(user_id, year)
    if written is None or bytes(written.blob) != one.blob or written.plays != one.plays:
        raise SegmentProofError(f"year {year} of user {user_id} reads back changed")


def set_aside(row: Stored, reason: str) -> None:
    """Move a damaged segment to where nothing reads it, whole, unless it was replaced meanwhile.

    Bytes that are in storage come along. Raises YearAwayError, and sets nothing aside then.
    """
    blob = bytes(row.blob) or objects.read(row)
    where = (
        (PlaySegment.user == row.user_id)
        & (PlaySegment.year == row.year)
        & (PlaySegment.sha256 == row.sha256)
    )
    with transaction():
        found = PlaySegment.get_or_none(where)
        if found is None or not PlaySegment.delete().where(where).execute():
            return
        values = {name: value for name, value in found.__data__.items() if name != "object"}
        values["blob"] = bytes(found.blob) or blob  # no row refers to the object from now on
        DamagedSegment.create(**values, reason=reason, found_at=clock.now())
    log.event("segment_damaged", log.ERROR, user=row.user_id, year=row.year, reason=reason)
