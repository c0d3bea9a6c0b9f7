"""Deletes single plays for good: a tombstone keeps each from coming back; undone within 30 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl

from audiospective import clock
from audiospective.history import (
    bulk_add,
    hot_tail,
    lock,
    reading,
    recovered,
    segment,
    segment_store,
)
from audiospective.models import Import, PlaySegment, RemovedPlay
from audiospective.models.plays import FROM_BOTH, FROM_POLL
from audiospective.policy.sealing import year_of

UNDO = timedelta(days=30)
CHUNK = 200  # tombstones a statement
# Where a tombstone stands, where it shall, and the context that a poll tells of its play.
Move = tuple[hot_tail.Key, hot_tail.Key, str | None]
_WHOLE = "played_at"  # it is among what is kept as long as that is the whole play
_LEFT = ("source", "timing")  # what is kept after that


def remove(user_id: int, keys: Sequence[hot_tail.Key]) -> int:
    """Delete plays by (milliseconds, track) from rows and segments; how many there were."""
    with lock.held(user_id):
        hot_tail.hold(user_id)  # what a poll notes meanwhile would be missing from the tombstone
        wanted = reading.key_frame(sorted(set(keys)))
        rows = reading.from_rows(user_id).join(wanted, on=segment.KEY, how="semi")
        parts = [rows]
        for year in _years(user_id, keys):
            known = segment_store.load(user_id, year)
            if known is None:
                continue
            found = known.join(wanted, on=segment.KEY, how="semi")
            if found.height:
                parts.insert(0, found)
                left = known.join(wanted, on=segment.KEY, how="anti", maintain_order="left")
                segment_store.write(user_id, year, left)
        gone = segment.merge(parts)
        hot_tail.delete(user_id, bulk_add.keys(rows))
        _bury(user_id, gone)
        _recount(user_id, keys)
        polled = rows.filter(pl.col("source") == FROM_POLL)["played_at"].to_physical()
        Import.polls_went(user_id, polled.to_list())  # after gaps, as in a poll
    return gone.height


def restore(user_id: int, keys: Sequence[hot_tail.Key]) -> int:
    """Undo deletions that are at most 30 days old; how many plays came back."""
    with lock.held(user_id):
        back: list[dict[str, Any]] = []
        for key in keys:
            where = _at(user_id, key)
            stone = RemovedPlay.get_or_none(where)
            facts = whole(stone.kept) if stone is not None else None
            if facts is None or clock.now() - stone.removed_at > UNDO:
                continue
            back.append({**dict.fromkeys(hot_tail.COLUMNS), **facts})
            RemovedPlay.delete().where(where).execute()
        hot_tail.put(user_id, back)
        _recount(user_id, keys)
    return len(back)


def move(user_id: int, moves: Sequence[Move]) -> None:
    """Have tombstones stand at the times that a poll tells, in the caller's transaction.

    None shall stand where another one does.
    """
    for old, new, context in moves:
        stone = RemovedPlay.get(_at(user_id, old))
        facts = whole(stone.kept)
        if facts is not None:
            facts |= {"played_at": new[0], "track": new[1], "source": FROM_BOTH, "timing": None}
            facts["context"] = context
        RemovedPlay.insert(
            user=user_id,
            played_at=new[0],
            track=new[1],
            removed_at=stone.removed_at,
            kept=None if facts is None else orjson.dumps(facts).decode(),
        ).execute()
        RemovedPlay.delete().where(_at(user_id, old)).execute()


def retell(user_id: int, plays: pl.DataFrame) -> None:
    """Keep of deleted plays these facts (segment.SCHEMA), in the caller's transaction.

    Each stands where it stands. What is past its undo stays as it is.
    """
    news = {(row["played_at"], row["track"]): row for row in bulk_add.as_rows(plays)}
    stones = [
        {**stone.__data__, "kept": orjson.dumps(news[stone.played_at, stone.track]).decode()}
        for stone in RemovedPlay.select().where(RemovedPlay.user == user_id)
        if (stone.played_at, stone.track) in news and whole(stone.kept) is not None
    ]
    key = [RemovedPlay.user, RemovedPlay.played_at, RemovedPlay.track]
    for start in range(0, len(stones), CHUNK):
        RemovedPlay.insert_many(stones[start : start + CHUNK]).on_conflict(
            conflict_target=key, preserve=[RemovedPlay.kept]
        ).execute()


def removed(user_id: int, since: datetime) -> list[tuple[datetime, int, datetime]]:
    """(played_at, track, removed_at) of plays deleted since, latest deletion first."""
    query = (
        RemovedPlay.select()
        .where((RemovedPlay.user == user_id) & (RemovedPlay.removed_at >= since))
        .order_by(RemovedPlay.removed_at.desc(), RemovedPlay.played_at.desc())
    )
    return [(clock.from_ms(one.played_at), one.track, one.removed_at) for one in query]


def whole(kept: str | None) -> dict[str, Any] | None:
    """All columns of a deleted play, of what is kept of it; None once it cannot be undone."""
    facts: dict[str, Any] = orjson.loads(kept) if kept else {}
    return facts if _WHOLE in facts else None


def left(facts: Mapping[str, Any]) -> str | None:
    """What stays known of a deleted play, as it is kept; None of an end that a poll told.

    Who told of its time, and what that is: without it a beginning would be taken for an end, and
    the play would come back by a file, or another one of its song would go with it.
    """
    if not facts["source"] or facts["source"] & FROM_POLL:
        return None
    return orjson.dumps({name: facts.get(name) for name in _LEFT}).decode()


def drop_expired(now: datetime) -> int:
    """Drop what is kept of plays whose deletion can no longer be undone, but for `left`; how many.

    Safe to repeat.
    """
    past = (RemovedPlay.removed_at < now - UNDO) & RemovedPlay.kept.contains(f'"{_WHOLE}"')
    dropped = 0
    for stone in list(RemovedPlay.select().where(past)):
        same = _at(stone.user_id, (stone.played_at, stone.track)) & (RemovedPlay.kept == stone.kept)
        facts = whole(stone.kept)
        remains = None if facts is None else left(facts)
        dropped += int(RemovedPlay.update(kept=remains).where(same).execute())
    return dropped


def _recount(user_id: int, keys: Sequence[hot_tail.Key]) -> None:
    if keys:
        recovered.recount(user_id, min(at for at, _ in keys), max(at for at, _ in keys))


def _years(user_id: int, keys: Sequence[hot_tail.Key]) -> list[int]:
    years = {year_of(played_at) for played_at, _ in keys}
    query = PlaySegment.select(PlaySegment.year).where(
        (PlaySegment.user == user_id) & PlaySegment.year.in_(sorted(years))
    )
    return [year for (year,) in query.tuples()]


def _at(user_id: int, key: hot_tail.Key) -> Any:
    return (
        (RemovedPlay.user == user_id)
        & (RemovedPlay.played_at == key[0])
        & (RemovedPlay.track == key[1])
    )


def _bury(user_id: int, plays: pl.DataFrame) -> None:
    now = clock.now()
    stones = [
        {
            "user": user_id,
            "played_at": row["played_at"],
            "track": row["track"],
            "removed_at": now,
            "kept": orjson.dumps(row).decode(),
        }
        for row in bulk_add.as_rows(plays)
    ]
    for start in range(0, len(stones), CHUNK):
        RemovedPlay.insert_many(stones[start : start + CHUNK]).on_conflict_ignore().execute()
