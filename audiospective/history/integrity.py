"""Looks into every segment of a person: whole, complete, in order, and known to the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.clients.storage import DamagedError, MissingError
from audiospective.history import (
    bulk_add,
    lock,
    reading,
    replacing,
    segment,
    segment_store,
    told_again,
    undone,
)
from audiospective.history.catalog import frames
from audiospective.history.closed.away import YearAwayError
from audiospective.models import DamagedSegment, Import
from audiospective.policy.sealing import year_span

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass
class Examination:
    """What was found; `faults` are sentences, `healed` years that were set aside and are whole.

    `lost`: closed years whose file in storage is gone or another, while storage itself answers.
    `unread`: whether something could not be read, and nothing is known of it.
    """

    segments: int = 0
    plays: int = 0
    faults: list[str] = field(default_factory=list)
    healed: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    unread: bool = False


def examine(user_id: int) -> Examination:
    """Re-read every segment of somebody. What is damaged is set aside, never read in part.

    Segments that were set aside are tried again: one that is whole (its bytes were put back) is
    taken in again.
    """
    found = Examination()
    for row in DamagedSegment.select().where(DamagedSegment.user == user_id):
        _heal(row, found)
    for row in segment_store.stored(user_id):
        found.segments += 1
        try:
            plays = segment_store.opened(row)
            problem = _misfit(row, plays)
        except segment_store.DamagedSegmentError as error:
            problem, plays = str(error), segment.of([])
        except YearAwayError as error:
            found.faults.append(str(error))
            if isinstance(error.__cause__, MissingError | DamagedError):
                found.lost.append(row.year)
            else:
                found.unread = True
            continue
        if problem is not None:
            try:
                segment_store.set_aside(row, problem)
            except YearAwayError as error:
                found.faults.append(str(error))
                continue
            found.faults.append(f"year {row.year} is damaged and set aside: {problem}")
            continue
        found.plays += plays.height
        try:
            doubts = list(_doubts(user_id, plays))
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - of the catalog, say; what is lost is told still
            log.trouble("not_verified", error, user=user_id, year=row.year)
            doubts = [f"not all of it could be examined ({type(error).__name__})"]
        found.faults += (f"year {row.year}: {doubt}" for doubt in doubts)
    return found


def _heal(row: DamagedSegment, found: Examination) -> None:
    try:
        plays = segment_store.opened(row)
        problem = _misfit(row, plays)
    except segment_store.DamagedSegmentError as error:
        problem = str(error)
    except YearAwayError as error:
        found.faults.append(str(error))
        found.unread = True
        return
    if problem is not None:
        found.faults.append(
            f"year {row.year} has been set aside since {row.found_at:%Y-%m-%d}: {problem}"
        )
        return
    try:
        with lock.held(row.user_id):
            plays = undone.without(row.user_id, plays)
            span = year_span(row.year)
            there = reading.between(row.user_id, *span, segment.COLUMNS)
            same = told_again.once_more(plays, there)
            if same.height:
                left = there.join(same, on=segment.KEY, how="anti")
                replacing.replace_part(row.user_id, span, there, left)
            bulk_add.absorb(row.user_id, plays)
            row.delete_instance()
            # A file that came while it stood aside may have told of its polled plays, too.
            Import.look_again(row.user_id, clock.EPOCH, _LATEST)
    except YearAwayError as error:
        found.faults.append(f"year {row.year} is whole again and cannot be taken in: {error}")
        return
    except replacing.ChangedError:
        found.faults.append(f"year {row.year} is whole again and is taken in at the next look")
        return
    found.healed.append(row.year)


def _misfit(row: segment_store.Stored | DamagedSegment, plays: pl.DataFrame) -> str | None:
    """Why a segment that opens is not what its row says, or None."""
    first, following = year_span(row.year)
    instants = plays["played_at"].to_physical()
    if (instants.min(), instants.max()) != (row.first_at, row.last_at):
        return "its first or last play is not the one that was noted"
    if not (first <= row.first_at and row.last_at < following):
        return "it holds plays of another year"
    if plays.select(pl.struct(segment.KEY).is_duplicated().any()).item():
        return "it holds a play twice"
    if not plays.select(segment.KEY).equals(plays.select(segment.KEY).sort(segment.KEY)):
        return "its plays are not in order"
    return None


def _doubts(user_id: int, plays: pl.DataFrame) -> Iterator[str]:
    """What is wrong around a sound segment."""
    tracks = plays["track"].unique()
    foreign = tracks.len() - frames.of(tracks).height
    if foreign:
        yield f"{foreign} of its tracks are not in the catalog"
    left = reading.without_removed(user_id, plays).height
    if left != plays.height:
        yield f"{plays.height - left} deleted plays are still in it"
