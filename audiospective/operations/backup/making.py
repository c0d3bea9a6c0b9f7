"""Makes a backup: read at one instant, opened again before it counts, never over another file."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from audiospective import __version__, clock
from audiospective.clients.storage import DamagedError, MissingError, StorageError
from audiospective.imports import scratch
from audiospective.models import dialects, migrations
from audiospective.models.marks import Mark
from audiospective.operations.backup import encryption, schema, source
from audiospective.operations.backup.container import Manifest, Reading, Writing
from audiospective.operations.backup.errors import BackupError, IncompleteBackupError
from audiospective.services import Services

MARK = "backup.succeeded"  # when the last backup was made that opened again
FAILED = "backup.failed"  # when one was last tried in vain
# What storage holds and cannot be made anew: finished exports are, and run out within days.
KEPT = ("imports",)
_AWAY = "No backup was written, storage does not give what was uploaded"
YEARS = "play_segments"  # where the keys of closed years stand


def make(services: Services, target: Path) -> Manifest:
    """Write a backup to `target`, encrypted if BACKUP_KEY is set; raises BackupError, OSError.

    It is written under another name beside `target`, read again in full and only then named.
    Raises IncompleteBackupError once it is there, if storage has lost closed years: one member's
    year keeps nobody else's plays out of it.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; nothing is overwritten.")
    key = services.settings.backup_key
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    _forget_drafts(target.parent)
    with scratch.folder(services.settings.home) as folder:
        try:
            if key:
                clear = folder / "backup.zip"
                lost = _write(services, folder, clear)
                encryption.encrypt(clear, draft, key)
                clear.unlink()
            else:
                lost = _write(services, folder, draft)
            manifest = verified(draft, folder / "again.zip", key)
            _publish(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    if lost:
        raise IncompleteBackupError(target, lost)
    size = target.stat().st_size
    Mark.put(MARK, clock.now(), f"{target.name}, {size} bytes{', encrypted' if key else ''}")
    return manifest


def _forget_drafts(folder: Path) -> None:
    """What killed ones left that were to be named after their day; no other has that name."""
    for draft in folder.glob(".audiospective-*.backup.part"):
        with suppress(OSError):
            written = clock.from_ms(draft.stat().st_mtime_ns // 1_000_000)
            if clock.now() - written > scratch.A_DAY:
                draft.unlink()


def verified(path: Path, clear: Path, key: str) -> Manifest:
    """Open a backup and read all of it; `clear` is a path for its clear text. BackupError."""
    try:
        opened = path
        if encryption.is_encrypted(path):
            encryption.decrypt(path, clear, key)
            opened = clear
        with closing(Reading(opened)) as reading:
            reading.check()
            return reading.manifest
    finally:
        clear.unlink(missing_ok=True)


def _write(services: Services, folder: Path, path: Path) -> list[str]:
    """The keys of closed years that storage does not have any more."""
    with source.consistent(folder) as rows:
        manifest = Manifest(
            taken_at=clock.to_ms(clock.now()),
            release=__version__,
            engine=dialects.name().lower(),
            migrations=migrations.applied(),
        )
        writing = Writing(path, manifest)
        try:
            years: dict[str, str] = {}
            for table in schema.tables():
                told = rows(table)
                if table.name == YEARS and "object" in table.columns:
                    told = _noted(told, list(table.columns), years)
                writing.table(table, told)
            lost = _files(services, writing, years)
            writing.finish()
        finally:
            writing.close()
    return lost


def _noted(
    rows: Iterator[tuple[Any, ...]], columns: list[str], noted: dict[str, str]
) -> Iterator[tuple[Any, ...]]:
    """The rows as they come; `noted` gets key and hash where the bytes are in storage alone."""
    key, blob, sha256 = (columns.index(name) for name in ("object", "blob", "sha256"))
    for row in rows:
        if row[key] and not len(row[blob]):
            noted[row[key]] = row[sha256]
        yield row


def _files(services: Services, writing: Writing, years: dict[str, str]) -> list[str]:
    try:
        for prefix in KEPT:
            for one in services.storage.list(prefix):
                # What was let go since no row needs that is left.
                with suppress(MissingError), services.storage.open(one.key) as content:
                    writing.file(one.key, content)
    except StorageError as error:
        raise BackupError(f"{_AWAY}: {error}. Begin again once it works.") from None
    # As the rows of this very instant have them; without them plays are missing.
    lost = []
    for key, sha256 in years.items():
        try:
            blob = services.storage.get(key)
        except (MissingError, DamagedError):
            blob = b""
        except StorageError as error:
            raise BackupError(f"Storage does not give a closed year: {error}.") from None
        if hashlib.sha256(blob).hexdigest() == sha256:
            writing.file(key, io.BytesIO(blob))
        else:
            lost.append(key)
    return lost


def _publish(draft: Path, target: Path) -> None:
    """Name it, unless somebody else was quicker; on the disk before anybody is told."""
    draft.chmod(0o600)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(draft, target)
    except FileExistsError:
        raise BackupError(f"{target} is there already; nothing is overwritten.") from None
