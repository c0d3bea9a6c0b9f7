"""The file of a backup: a zip of Parquet tables and stored files, with a manifest of all of it.

`manifest.json` comes last and has, for every other member, its size, its SHA-256 and its number of
rows; a file that was cut off has none. Numbers, texts and bytes are the database's own.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import orjson
import polars as pl

from audiospective.operations.backup.errors import BackupError
from audiospective.operations.backup.schema import Table, plain

FORMAT, VERSION = "audiospective backup", 1
MANIFEST = "manifest.json"
PART_BYTES = 8 << 20  # of a table in memory at one time
PART_ROWS = 50_000
BLOCK = 1 << 20
DAMAGED = "The backup is damaged: {}."


@dataclass
class Part:
    """One member of the zip; `rows` of a table."""

    path: str
    size: int
    sha256: str
    rows: int = 0


@dataclass
class Manifest:
    """`tables` in the order in which they are filled; `files` are keys of storage."""

    taken_at: int  # UTC ms
    release: str
    engine: str
    migrations: list[str]
    tables: dict[str, list[Part]] = field(default_factory=dict)
    files: dict[str, Part] = field(default_factory=dict)

    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {name: sum(part.rows for part in parts) for name, parts in self.tables.items()}

    @property
    def parts(self) -> list[Part]:
        every = [part for parts in self.tables.values() for part in parts]
        return [*every, *self.files.values()]


class Writing:
    """A backup that is being written to `path`, which is made."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._zip = ZipFile(path, "x", ZIP_STORED)

    def table(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add all rows of a table, some megabytes at a time."""
        parts = self.manifest.tables.setdefault(table.name, [])
        for number, some in enumerate(_some(rows)):
            frame = pl.DataFrame(some, schema=dict(table.columns), orient="row", strict=False)
            body = io.BytesIO()
            frame.write_parquet(body, compression="zstd", statistics=False)
            path = f"tables/{table.name}-{number:06}.parquet"
            parts.append(self._add(path, [body.getvalue()], frame.height))

    def file(self, key: str, content: BinaryIO) -> None:
        """Add what storage holds under a key."""
        pieces = iter(lambda: content.read(BLOCK), b"")
        self.manifest.files[key] = self._add(f"files/{key}", pieces, 0)

    def finish(self) -> None:
        """Write the manifest; only now it is a backup."""
        told = {"format": FORMAT, "version": VERSION, **asdict(self.manifest)}
        self._zip.writestr(MANIFEST, orjson.dumps(told, option=orjson.OPT_INDENT_2))
        self._zip.close()

    def close(self) -> None:
        self._zip.close()

    def _add(self, path: str, pieces: Iterable[bytes], rows: int) -> Part:
        digest, size = hashlib.sha256(), 0
        with self._zip.open(path, "w", force_zip64=True) as out:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                out.write(piece)
        return Part(path, size, digest.hexdigest(), rows)


class Reading:
    """A backup that is read; raises BackupError for anything that is not one, whole."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = ZipFile(path)
            told = orjson.loads(self._zip.read(MANIFEST))
        except (BadZipFile, KeyError, ValueError, OSError):
            raise BackupError(DAMAGED.format("it has no manifest")) from None
        if (told.pop("format", None), told.pop("version", None)) != (FORMAT, VERSION):
            raise BackupError("This is no backup that this release reads.")
        tables = {name: [Part(**one) for one in parts] for name, parts in told["tables"].items()}
        files = {key: Part(**one) for key, one in told["files"].items()}
        self.manifest = Manifest(**{**told, "tables": tables, "files": files})

    def check(self) -> None:
        """Read everything once; raises BackupError where something is not as it was written."""
        for part in self.manifest.parts:
            digest = hashlib.sha256()
            for block in self._blocks(part):
                digest.update(block)
            if digest.hexdigest() != part.sha256:
                raise BackupError(DAMAGED.format(part.path))
        for name, parts in self.manifest.tables.items():
            for part, frame in zip(parts, self.frames(name), strict=True):
                if frame.height != part.rows:
                    raise BackupError(DAMAGED.format(part.path))

    def frames(self, table: str) -> Iterator[pl.DataFrame]:
        """The rows of a table, part by part."""
        for part in self.manifest.tables[table]:
            yield pl.read_parquet(b"".join(self._blocks(part)))

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Key and content of what storage held."""
        for key, part in self.manifest.files.items():
            yield key, self._blocks(part)

    def file(self, key: str) -> bytes:
        """What storage held under one key; nothing if it is not in the backup."""
        part = self.manifest.files.get(key)
        return b"" if part is None else b"".join(self._blocks(part))

    def close(self) -> None:
        self._zip.close()

    def _blocks(self, part: Part) -> Iterator[bytes]:
        try:
            with self._zip.open(part.path) as stream:
                while block := stream.read(BLOCK):
                    yield block
        except (BadZipFile, KeyError, OSError, EOFError):
            raise BackupError(DAMAGED.format(part.path)) from None


def _some(rows: Iterable[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    held: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        held.append(tuple(plain(value) for value in row))
        size += sum(len(value) if isinstance(value, str | bytes) else 8 for value in held[-1])
        if size >= PART_BYTES or len(held) >= PART_ROWS:
            yield held
            held, size = [], 0
    if held:
        yield held
