"""Puts blocks of the catalog that cannot be read back, out of a backup that has them whole."""

from __future__ import annotations

import zlib
from pathlib import Path

import polars as pl

from audiospective.history.catalog import examine, rows
from audiospective.history.catalog.rows import StoredBlock
from audiospective.history.catalog.writer import writing
from audiospective.models import CatalogWords
from audiospective.operations.backup.container import Reading
from audiospective.operations.backup.opening import opened
from audiospective.services import Services


def put_back(services: Services, path: Path) -> int:
    """How many blocks can be read again.

    Only a block of the very same entries is taken; what Spotify has said of them since is told by
    later polls. Raises BackupError.
    """
    damaged = {fault.key for fault in examine.faults()}
    if not damaged:
        return 0
    with opened(services, path) as reading, writing() as catalog:
        _words(reading)
        now = {one.key: one for one in examine.at(damaged)}
        found = {key: one for key, one in now.items() if examine.is_readable(one)}  # by the words
        for table in ("catalog_blocks", "catalog_open"):
            for one in _blocks(reading, table, now):
                if one.key not in found and examine.is_readable(one):
                    rows.put_blocks([one])
                    found[one.key] = one
        if found:
            catalog.moved()
    return len(found)


def _words(reading: Reading) -> None:
    """Words that names are deflated with: without them no block of theirs can be read."""
    if "catalog_words" not in reading.manifest.tables:  # it is of a release before them
        return
    for frame in reading.frames("catalog_words"):
        for number, words in frame.select("id", "words").iter_rows():
            if zlib.crc32(words) == number:
                CatalogWords.update(words=words).where(CatalogWords.id == number).execute()
                CatalogWords.insert(id=number, words=words).on_conflict_ignore().execute()


def _blocks(reading: Reading, table: str, now: dict[int, StoredBlock]) -> list[StoredBlock]:
    if table not in reading.manifest.tables:
        return []
    return [
        StoredBlock(here.kind, here.first, here.count, numbers, facts, here.is_open)
        for frame in reading.frames(table)
        for key, count, numbers, facts in frame.filter(pl.col("id").is_in(list(now)))
        .select("id", "count", "numbers", "facts")
        .iter_rows()
        if count == (here := now[key]).count
    ]
