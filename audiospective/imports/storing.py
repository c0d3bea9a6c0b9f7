"""Where storage holds an import: its files until they are read, then what became of them.

It loads no Polars: pages and processes that fork use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from audiospective.clients.storage import (
    Content,
    DamagedError,
    Storage,
    StorageError,
)
from audiospective.models.imports import Import

FOLDER = "imports"
RESULT = "result.parquet"  # see kept_result


def prefix(user_id: int) -> str:
    """Under which everything of one member is stored."""
    return f"{FOLDER}/{user_id}"


def owner(key: str) -> tuple[int, int]:
    """Of which member and import a file is; (0, 0) for one that is not named as ours are."""
    try:
        _, user_id, number, _ = key.split("/", 3)
        return int(user_id), int(number)
    except ValueError:
        return 0, 0


def home(row: Import) -> str:
    """Where everything of an import is."""
    return f"{prefix(row.user_id)}/{row.id}"


def part(row: Import, number: int, offset: int) -> str:
    """The key of a piece of a file; in the order of keys they make the file."""
    return f"{home(row)}/file-{number}/{offset:014d}"


def put(storage: Storage, key: str, content: Content) -> int:
    """Store it and see that storage holds all of it: whoever sent it may not have it for long.

    The number of bytes; raises storage.StorageError. What members send needs disk_room, too; what
    a worker makes of it does not, since an import that is read and added gives its room back.
    """
    size = storage.put(key, content)
    if storage.size(key) != size:
        raise StorageError(f"storage keeps less of {key} than it was given")
    return size


@contextmanager
def files(
    storage: Storage, row: Import, folder: Path, tell: Callable[[], object] = lambda: None
) -> Iterator[list[tuple[str, str]]]:
    """The files as they were sent, on this machine: (path, name); raises storage.StorageError,
    which is DamagedError if some of them is not there any more. After each piece `tell` is called.
    """
    found = []
    for one in sorted(row.files, key=lambda file: file.number):
        path = folder / f"file-{one.number}"
        with path.open("wb") as target:
            at = 0
            for piece in storage.list(f"{home(row)}/file-{one.number}"):
                # An import that a restored database forgot may have left others under its number.
                if at == one.size or not piece.key.endswith(f"/{at:014d}"):
                    continue
                at += piece.size
                with storage.open(piece.key) as source:
                    while data := source.read(1 << 20):
                        target.write(data)
                tell()
        if path.stat().st_size != one.size:
            raise DamagedError(f"{path.name} of import {row.id}: {one.size} bytes were sent")
        found.append((str(path), one.name))
    yield found


def drop_files(storage: Storage, row: Import) -> None:
    """The files as they were sent go, and the review's result: nobody needs to keep them."""
    for one in list(storage.list(home(row))):
        if "/file-" in one.key or one.key.endswith(f"/{RESULT}"):
            storage.delete(one.key)


def drop(storage: Storage, row: Import) -> None:
    """Everything of the import goes."""
    for one in list(storage.list(home(row))):
        storage.delete(one.key)


def weight(storage: Storage, row: Import) -> int:
    """Bytes of everything that is kept of it, but for what goes once its plays are added."""
    kept = storage.list(home(row))
    return sum(one.size for one in kept if not one.key.endswith(f"/{RESULT}"))
