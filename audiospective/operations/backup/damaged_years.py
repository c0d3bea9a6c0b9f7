"""Puts the bytes of damaged years back, out of a backup that has them whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from audiospective.clients.storage import DamagedError, MissingError
from audiospective.history import segment_store
from audiospective.history.closed import objects
from audiospective.models import DamagedSegment, PlaySegment
from audiospective.models.marks import Mark
from audiospective.operations import verify
from audiospective.operations.backup.opening import opened
from audiospective.services import Services


def put_back(services: Services, path: Path) -> int:
    """How many years got their very bytes back; `verify` takes in those that were set aside.

    A backup from before the year was last written, or from after it was damaged, has others.
    Raises BackupError, and StorageError where storage cannot be used.
    """
    wanted = {**_aside(), **_lost()}
    hashes = [sha256 for _, sha256 in wanted]
    found = 0
    with opened(services, path) as reading:
        for frame in reading.frames("play_segments"):
            for row in frame.filter(pl.col("sha256").is_in(hashes)).iter_rows(named=True):
                blob = row["blob"] or reading.file(row["object"])
                place = wanted.get((row["user_id"], row["sha256"]))
                if place is None or hashlib.sha256(blob).hexdigest() != row["sha256"]:
                    continue
                if isinstance(place, str):
                    services.storage.put(place, blob)
                else:
                    DamagedSegment.update(blob=blob).where(DamagedSegment.id == place).execute()
                found += 1
    if found:
        Mark.drop(verify.LOST)  # what is lost from now on is told, even if it was told before
    return found


def _aside() -> dict[tuple[int, str], int | str]:
    """Numbers of what was set aside, by member and hash."""
    columns = (DamagedSegment.id, DamagedSegment.user, DamagedSegment.sha256)
    return {(row.user_id, row.sha256): row.id for row in DamagedSegment.select(*columns)}


def _lost() -> dict[tuple[int, str], int | str]:
    """Keys in storage of closed years that are gone from there or damaged, by member and hash."""
    columns = (PlaySegment.user, PlaySegment.sha256, PlaySegment.object)
    found: dict[tuple[int, str], int | str] = {}
    for row in PlaySegment.select(*columns).where(
        ~segment_store.IS_HOME & PlaySegment.object.is_null(False)
    ):
        try:
            objects.fetched(row.object, row.sha256)
        except (MissingError, DamagedError):
            found[row.user_id, row.sha256] = row.object
    return found
