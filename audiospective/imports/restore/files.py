"""Finds what a restore needs in a bundle, and takes it out only if its checksums agree."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from audiospective.imports.containers import directory
from audiospective.imports.containers.budget import BLOCK, Budget, Counted
from audiospective.imports.containers.kinds import kind
from audiospective.imports.containers.unpacking import Unpacking
from audiospective.imports.errors import ContainerError, RefusedError
from audiospective.imports.unpacking_limits import Limits

STATE, PLAYS = "restore/state.json", "archive/plays.parquet"
TRACKS, REMOVED = "restore/tracks.parquet", "restore/removed.parquet"
NEEDED = (STATE, PLAYS, TRACKS, REMOVED)
SUMS = "SHA256SUMS"
MOST_SUMS = 1 << 20  # bytes of the list of checksums
DAMAGED = "The bundle is damaged: {} is not what its checksum says. Download it again."
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle of ours with everything that a restore needs."""
    with path.open("rb") as file:
        if kind(file.read(BLOCK)) != "zip":
            return False
    try:
        with _archive(path, Budget(Limits())) as archive:
            return _members(archive) is not None
    except RefusedError:
        return False  # the ordinary import says what is wrong


def taken_out(path: Path, folder: Path) -> dict[str, Path]:
    """The files of NEEDED in `folder`, by their names; raises ContainerError."""
    budget = Budget(Limits())
    with _archive(path, budget) as archive:
        members = _members(archive)
        if members is None:
            raise ContainerError(directory.DAMAGED)
        sums = _sums(archive, members[SUMS], budget)
        return {name: _copied(archive, members[name], name, sums, budget, folder)
                for name in NEEDED}  # fmt: skip


@contextmanager
def _archive(path: Path, budget: Budget) -> Iterator[ZipFile]:
    archive = directory.opened(path, budget)
    try:
        yield archive
    finally:
        directory.close(archive)


def _members(archive: ZipFile) -> dict[str, ZipInfo] | None:
    """What is needed, all of it in one folder; None where anything lacks or is there twice."""
    found: dict[str, ZipInfo] = {}
    tops = set()
    for info in directory.members(archive):
        top, _, name = directory.clean(info.filename).partition("/")
        if name in (*NEEDED, SUMS):
            if name in found:
                return None
            found[name] = info
            tops.add(top)
    return found if len(found) == len(NEEDED) + 1 and len(tops) == 1 else None


def _sums(archive: ZipFile, info: ZipInfo, budget: Budget) -> dict[str, str]:
    with _opened(archive, info, budget) as stream:
        text = stream.read(MOST_SUMS).decode("utf-8", "replace")
    lines = (_SUM.fullmatch(line) for line in text.splitlines())
    return {found[2]: found[1] for found in lines if found}


def _copied(
    archive: ZipFile, info: ZipInfo, name: str, sums: dict[str, str], budget: Budget, folder: Path
) -> Path:
    target = folder / name.replace("/", "-")
    digest = hashlib.sha256()
    with _opened(archive, info, budget) as stream, target.open("wb") as file:
        while block := stream.read(BLOCK):
            digest.update(block)
            file.write(block)
    if sums.get(name) != digest.hexdigest():
        raise ContainerError(DAMAGED.format(name))
    return target


def _opened(archive: ZipFile, info: ZipInfo, budget: Budget) -> io.BufferedReader:
    return io.BufferedReader(Counted(Unpacking(archive, info), budget, info.compress_size), BLOCK)
