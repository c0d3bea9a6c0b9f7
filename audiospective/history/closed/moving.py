"""Takes closed years to storage and brings them home; killed at any step, no play is lost.

The key is noted in the row before anything is put under it, and a key is never used twice: its
name holds the hash of the bytes and some random digits. So an object to which no row refers will
never be referred to again, and may go.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from audiospective.clients.storage import StorageError
from audiospective.history import lock, segment_store
from audiospective.history.closed import objects
from audiospective.history.segment_store import Stored
from audiospective.models import PlaySegment
from audiospective.policy import closed_years

EMPTY = b""  # of a row whose bytes are in storage


def due(now: datetime, own: str) -> list[tuple[int, int]]:
    """(member, year) of what may move: closed years in rows, and objects in another folder."""
    columns = (PlaySegment.user, PlaySegment.year, PlaySegment.sealed_at, PlaySegment.object)
    query = PlaySegment.select(*columns, segment_store.IS_HOME).order_by(
        PlaySegment.user, PlaySegment.year
    )
    return [
        (user_id, year)
        for user_id, year, sealed_at, key, is_home in query.tuples()
        if (is_home or not _is_in(key, own)) and closed_years.is_closed(year, sealed_at, now)
    ]


def away() -> list[tuple[int, int]]:
    """(member, year) of everything whose bytes are in storage alone."""
    query = PlaySegment.select(PlaySegment.user, PlaySegment.year).where(~segment_store.IS_HOME)
    return list(query.order_by(PlaySegment.user, PlaySegment.year).tuples())


def take(user_id: int, year: int, own: str) -> bool:
    """Put a year into the folder `own`, read it back, and only then let go of the row's bytes.

    False if the year changed meanwhile or is damaged; the row is as it was. What stands in another
    folder comes home first. Raises StorageError.
    """
    row = segment_store.of_year(user_id, year)
    if row is not None and not row.is_home and bring_home(user_id, year):
        row = segment_store.of_year(user_id, year)
    if row is None or not row.is_home:
        return False
    try:
        segment_store.opened(row)
    except segment_store.DamagedSegmentError:
        return False  # `verify` deals with it
    key = row.object
    if key is None or not _is_in(key, own):
        key = f"{own}/{user_id}/{year}-{row.sha256}-{secrets.token_hex(8)}"
        if not _change(row, {PlaySegment.object: key}, row.object):
            return False
    storage = objects.storage()
    storage.put(key, row.blob)
    if storage.get(key) != row.blob:
        raise StorageError(f"{key} does not read back as it was put")
    return _change(row, {PlaySegment.blob: EMPTY}, key)


def bring_home(user_id: int, year: int) -> bool:
    """Put a year's bytes back into its row; the object stays until it is swept.

    False if the year changed meanwhile. Raises StorageError.
    """
    row = segment_store.of_year(user_id, year)
    if row is None or row.is_home:
        return False
    blob = objects.fetched(row.object or "", row.sha256)
    return _change(row, {PlaySegment.blob: blob, PlaySegment.object: None}, row.object)


def _change(row: Stored, values: dict[Any, Any], key: str | None) -> bool:
    """Change a row that still has the bytes and the key that were read; False if it has not."""
    same = (
        (PlaySegment.user == row.user_id)
        & (PlaySegment.year == row.year)
        & (PlaySegment.sha256 == row.sha256)
        & (PlaySegment.object.is_null() if key is None else PlaySegment.object == key)
        & (segment_store.IS_HOME if row.is_home else ~segment_store.IS_HOME)
    )
    with lock.held(row.user_id):
        return bool(PlaySegment.update(values).where(same).execute())


def _is_in(key: str | None, own: str) -> bool:
    return key is not None and key.startswith(f"{own}/")
