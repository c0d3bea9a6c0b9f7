"""The zip of a bundle: grows step by step, and every file is hashed on its way in."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson

from audiospective.exports.files import LEVEL

Write = Callable[[IO[bytes]], Any]
CHUNK = 1 << 20
PACKED = (".zip", ".parquet")  # deflating these once more gains nothing


@dataclass(frozen=True)
class File:
    """A file of the bundle; `words` say what it is."""

    path: str
    words: str
    size: int
    sha256: str


@dataclass
class Zip:
    """A zip with one folder. Between two steps it is whole, and `progress` says what is in it."""

    path: Path
    when: tuple[int, ...]
    files: list[File] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)  # done

    @property
    def folder(self) -> str:
        return self.path.stem

    @classmethod
    def resume(cls, path: Path, when: tuple[int, ...]) -> Zip:
        """The zip as the last step left it, or a new one.

        A step that was killed has spoilt the end of the file, where zips keep their directory: then
        all of it begins anew.
        """
        progress = _progress(path)
        told = orjson.loads(progress.read_bytes()) if progress.exists() else None
        if told is None or not told["whole"]:
            path.unlink(missing_ok=True)
            return cls(path, when)
        return cls(path, when, [File(**one) for one in told["files"]], told["steps"])

    @contextmanager
    def step(self, name: str) -> Iterator[Adding]:
        """One step; what it adds counts once it has ended."""
        self._note(whole=False)
        with ZipFile(self.path, "a", compresslevel=LEVEL) as zipped:
            adding = Adding(zipped, self.folder, self.when)
            yield adding
        self.files += adding.files
        self.steps.append(name)
        self._note(whole=True)

    def _note(self, *, whole: bool) -> None:
        files = [asdict(one) for one in self.files]
        told = {"files": files, "steps": self.steps, "whole": whole}
        _progress(self.path).write_bytes(orjson.dumps(told))


@dataclass
class Adding:
    """Files on their way into the zip."""

    zip: ZipFile
    folder: str
    when: tuple[int, ...]
    files: list[File] = field(default_factory=list)

    def add(self, path: str, words: str, write: Write) -> None:
        """Add a file; `write` is given where to write it."""
        entry = ZipInfo(f"{self.folder}/{path}", self.when)  # type: ignore[arg-type]
        entry.compress_type = ZIP_STORED if path.endswith(PACKED) else ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with self.zip.open(entry, "w", force_zip64=True) as out:
            hashing = _Hashing(out)
            write(hashing)  # type: ignore[arg-type]
        self.files.append(File(path, words, hashing.size, hashing.digest.hexdigest()))


class _Hashing(io.RawIOBase):
    """A file to write to that knows the hash of what was written."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, body: Any) -> int:
        self.digest.update(body)
        self.size += len(body)
        self._out.write(body)
        return len(body)


def copy(path: Path) -> Write:
    """What writes a copy of a file."""

    def write(out: IO[bytes]) -> None:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                out.write(chunk)

    return write


def body(content: bytes) -> Write:
    """What writes these bytes."""
    return lambda out: out.write(content)


def text(pieces: Iterable[str]) -> Write:
    """What writes these texts as UTF-8."""

    def write(out: IO[bytes]) -> None:
        for piece in pieces:
            out.write(piece.encode())

    return write


def _progress(path: Path) -> Path:
    return path.with_suffix(".progress.json")
