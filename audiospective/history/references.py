"""Which tracks archives refer to: what nothing refers to any more leaves the catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from audiospective import log
from audiospective.clients.queues import INTERRUPTS
from audiospective.history import (
    bulk_add,
    lock,
    reading,
    removal,
    replacing,
    segment,
    segment_store,
)
from audiospective.history.catalog import tidy, unreferenced
from audiospective.models import DamagedSegment, Play, PlaySegment, RecordingChoice, RemovedPlay
from audiospective.models.database_away import says_away

IN_VAIN = 3  # members in a row that the database does not serve: it is away


@dataclass
class Freed:
    """How many tracks became one with another, were condemned, and are gone; other entries gone.

    `complete` is False, and no track goes, while some year of somebody cannot be read. `failed` are
    members whose archive could not be read or changed: the next round tries again.
    """

    merged: int = 0
    condemned: int = 0
    tracks: int = 0
    others: int = 0
    failed: int = 0
    complete: bool = True


def free(now: datetime) -> Freed:
    """Let go of everything in the catalog that nothing refers to; safe to stop and to repeat.

    Trouble with one member's archive keeps nothing from the others. Raises where the database is
    away: nobody's can be read then.
    """
    done = Freed()
    twins = unreferenced.twins()
    used = bytearray(unreferenced.next_track())
    in_vain = 0
    for user_id in sorted(_members()):
        try:
            own = _tracks_of(user_id)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            in_vain = _counted(error, in_vain)
            log.trouble("tracks_not_read", error, user=user_id)
            done.failed += 1
            done.complete = False
            continue
        try:
            if own & twins.keys() and merge(user_id, twins):
                done.merged += len(own & twins.keys())
                own = {twins.get(one, one) for one in own}
            in_vain = 0
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - such as a closed year that is away by now
            in_vain = _counted(error, in_vain)
            log.trouble("tracks_not_merged", error, user=user_id)
            done.failed += 1
        for one in own:
            used[one] = 1
    if done.complete and not DamagedSegment.select().exists():
        unused = {one for one in unreferenced.every_track() if not _marked(used, one)}
        done.tracks = unreferenced.drop(unused, now)
        done.condemned = unreferenced.condemn(unused, now)
    else:
        done.complete = False
    done.others = tidy.tidy().dropped
    return done


def _counted(error: Exception, in_vain: int) -> int:
    """How many members in a row the database did not serve; raises where that is too many.

    One may have met another transaction that held what it wanted.
    """
    if not says_away(error):
        return 0
    if in_vain + 1 == IN_VAIN:
        raise error
    return in_vain + 1


def merge(user_id: int, tracks: Mapping[int, int]) -> bool:
    """Let somebody's plays of these tracks be plays of others; a play that is twice then is one.

    False if the archive changed meanwhile: nothing was done.
    """
    before = replacing.snapshot(user_id)
    plays = segment.merge([before.plays.with_columns(pl.col("track").replace(tracks))])
    try:
        ready = replacing.prepared(user_id, before, plays)
        with lock.held(user_id):
            replacing.put(user_id, before, ready)
            _move_stones(user_id, tracks, plays)
            _move_choices(user_id, tracks)
    except replacing.ChangedError:
        return False
    return True


def _move_stones(user_id: int, tracks: Mapping[int, int], plays: pl.DataFrame) -> None:
    """Deletions move with their tracks, but for those that would hide a play: that one stays."""
    stones = _of(user_id, RemovedPlay, RemovedPlay.track, {*tracks, *tracks.values()})
    if not stones:
        return
    keys = [(one.played_at, tracks.get(one.track, one.track)) for one in stones]
    # Polls may have added rows since the plays were read.
    live = pl.concat(one.select(segment.KEY) for one in (plays, reading.from_rows(user_id)))
    there = set(bulk_add.keys(reading.key_frame(keys).join(live, on=segment.KEY, how="semi")))
    for stone, (played_at, track) in zip(stones, keys, strict=True):
        hides = (played_at, track) in there
        if track == stone.track and not hides:
            continue
        values = {**stone.__data__, "track": track}
        facts = removal.whole(stone.kept)
        if facts is not None:  # what an undo would bring back
            values["kept"] = orjson.dumps(facts | {"track": track}).decode()
        if not hides:
            RemovedPlay.insert(**values).on_conflict_ignore().execute()
        stone.delete_instance()


def _move_choices(user_id: int, tracks: Mapping[int, int]) -> None:
    for column in ("track", "other"):
        for choice in _of(user_id, RecordingChoice, getattr(RecordingChoice, column), tracks):
            values = {**choice.__data__, column: tracks[getattr(choice, column)]}
            if values["track"] != values["other"]:
                RecordingChoice.insert(**values).on_conflict_ignore().execute()
            choice.delete_instance()


def _of(user_id: int, model: Any, column: Any, tracks: Iterable[int]) -> list[Any]:
    """Rows of somebody that name one of the tracks."""
    found = model.select().where(model.user == user_id)
    return [row for row in found if getattr(row, column.name) in set(tracks)]


def _marked(marks: bytearray, one: int) -> bool:
    """Tracks that came since the marks were made count as used."""
    return one >= len(marks) or bool(marks[one])


def _members() -> Collection[int]:
    return {
        user_id
        for model in (Play, PlaySegment, RemovedPlay)
        for (user_id,) in model.select(model.user).distinct().tuples()
    }


def _tracks_of(user_id: int) -> set[int]:
    """Every track that somebody's archive refers to; raises if a part of it cannot be read."""
    own = {
        track
        for model in (Play, RemovedPlay)
        for (track,) in model.select(model.track).where(model.user == user_id).distinct().tuples()
    }
    chosen = RecordingChoice.select(RecordingChoice.track, RecordingChoice.other)
    for pair in chosen.where(RecordingChoice.user == user_id).tuples():
        own |= set(pair)
    for plays in _segments(user_id):
        own |= set(plays["track"].unique())
    return own


def _segments(user_id: int) -> Iterator[pl.DataFrame]:
    return (segment_store.opened(row, ("track",)) for row in segment_store.stored(user_id))
