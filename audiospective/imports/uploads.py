"""Takes files in, piece by piece, and the member's word on what is to be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audiospective import clock
from audiospective.imports import disk_room, rounds, storing
from audiospective.imports.choices import Choices
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.models import User
from audiospective.models.base import transaction
from audiospective.models.imports import (
    COMMITTING,
    DONE,
    READING,
    REVIEW,
    UNDOING,
    UPLOADING,
    Import,
    ImportFile,
    busy,
)
from audiospective.policy import import_limits as limits
from audiospective.services import Services

NAME = 200  # characters of a file's name that are kept


class QuotaError(RefusedError):
    """More than one member may bring at once or keep."""


class StaleError(Exception):
    """The import has moved on since the page was made."""


@dataclass(frozen=True)
class Announced:
    """A file that is about to be sent; `size` in bytes.

    `stamp` tells it from others of that name and size, should it be chosen again to go on.
    """

    name: str
    size: int
    stamp: str | None = None


def begin(user: User, files: Sequence[Announced]) -> Import:
    """An import whose files will follow. Raises QuotaError."""
    _within_limits(files)
    now = clock.now()
    with transaction():
        # The member's row is held, so that two tabs at once do not both find room.
        User.update(session_key=User.session_key).where(User.id == user.id).execute()
        opened = Import.select().where((Import.user == user.id) & busy()).count()
        if opened >= limits.OPEN_IMPORTS:
            raise QuotaError(
                f"{opened} imports are under way already. Finish or discard one of them first."
            )
        kept = sum(size for (size,) in _kept(user))
        if kept > limits.KEPT_BYTES:
            raise QuotaError(
                "Your earlier imports take all the room there is for taking imports back."
            )
        row: Import = Import.create(user=user.id, created_at=now, changed_at=now)
        ImportFile.insert_many(
            [
                {
                    "owner": row.id,
                    "number": number,
                    "name": named(one.name),
                    "size": one.size,
                    "stamp": one.stamp,
                }
                for number, one in enumerate(files)
            ]
        ).execute()
    return row


def unfinished(user: User, files: Sequence[Announced]) -> Import | None:
    """The member's import that waits for the rest of just these files."""
    wanted = [(named(one.name), one.size, one.stamp) for one in files]
    rows = Import.select().where((Import.user == user.id) & (Import.status == UPLOADING))
    for row in rows.order_by(Import.id.desc()):
        there = sorted(row.files, key=lambda file: file.number)
        if [(file.name, file.size, file.stamp) for file in there] == wanted:
            return row  # type: ignore[no-any-return]
    return None


def receive(services: Services, row: Import, number: int, offset: int, data: bytes) -> int:
    """Take a piece of a file; how many bytes there are now. A piece sent twice counts once.

    Raises QuotaError, StaleError, and StorageError.
    """
    file = ImportFile.get_or_none((ImportFile.owner == row.id) & (ImportFile.number == number))
    if file is None or row.status != UPLOADING:
        raise StaleError
    if offset != file.received or not data:
        return int(file.received)  # the sender goes on from there
    # Of one size, so that two tabs which send one file write the same pieces.
    if len(data) != min(limits.CHUNK_BYTES, file.size - offset):
        raise QuotaError("The file is not as long as it was said to be.")
    _store(services, row, number, offset, data)
    ImportFile.update(received=offset + len(data)).where(
        (ImportFile.id == file.id) & (ImportFile.received == offset)
    ).execute()
    Import.update(changed_at=clock.now()).where(Import.id == row.id).execute()
    return int(ImportFile.get_by_id(file.id).received)


def take(services: Services, row: Import, number: int, content: Iterable[bytes]) -> int:
    """Take a whole file at once, in whatever pieces it comes; bytes. Raises QuotaError."""
    size, pending = 0, b""
    for piece in content:
        pending += piece
        while len(pending) >= limits.CHUNK_BYTES:
            size += _put(services, row, number, size, pending[: limits.CHUNK_BYTES])
            pending = pending[limits.CHUNK_BYTES :]
    if pending or not size:
        size += _put(services, row, number, size, pending)
    ImportFile.update(size=size, received=size).where(
        (ImportFile.owner == row.id) & (ImportFile.number == number)
    ).execute()
    return size


def complete(services: Services, row: Import) -> bool:
    """All has been sent: a worker reads it. False while something is missing."""
    files = list(row.files)
    if not files or any(file.received < file.size for file in files):
        return False
    if _go(row, UPLOADING, READING, error=None):
        rounds.wake(services, row.id)
    return True


def choose(services: Services, row: Import, choices: Choices) -> None:
    """The member chose otherwise: what would change is worked out again. Raises StaleError."""
    if not _go(row, REVIEW, READING, choices=choices.dumps()):
        raise StaleError
    rounds.wake(services, row.id)


def agree(services: Services, row: Import) -> None:
    """The member said yes. Raises StaleError."""
    if not _go(row, REVIEW, COMMITTING):
        raise StaleError
    rounds.wake(services, row.id)


def take_back(services: Services, row: Import) -> None:
    """The member wants the archive without this import. Raises StaleError, also of a restore:
    what was there before it cannot be told from what it brought."""
    if Findings.loads(row.findings).restores or not _go(row, DONE, UNDOING, error=None):
        raise StaleError
    rounds.wake(services, row.id)


def of(user: User, import_id: int) -> Import | None:
    """The member's own import of that number."""
    mine = (Import.user == user.id) & ~Import.live
    found: Import | None = Import.get_or_none((Import.id == import_id) & mine)
    return found


def all_of(user: User) -> list[Import]:
    """The member's imports, newest first."""
    mine = (Import.user == user.id) & ~Import.live
    return list(Import.select().where(mine).order_by(Import.id.desc()))


def named(name: str) -> str:
    """A file's name as it is shown: without folders and control characters."""
    base = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(char for char in base if char.isprintable())
    return plain.encode("utf-8", "ignore").decode()[:NAME] or "file"


def _go(row: Import, before: str, after: str, **values: object) -> bool:
    told = {"status": after, "changed_at": clock.now(), "attempts": 0, **values}
    where = (Import.id == row.id) & (Import.status == before)
    return bool(Import.update(**told).where(where).execute())


def _within_limits(files: Sequence[Announced]) -> None:
    if not files:
        raise QuotaError("No file was chosen.")
    if len(files) > limits.FILES:
        raise QuotaError(f"At most {limits.FILES} files at once; a zip counts as one.")
    if any(one.size > limits.FILE_BYTES for one in files):
        raise QuotaError(f"A file may have at most {limits.FILE_BYTES >> 30} GB.")
    if sum(one.size for one in files) > limits.IMPORT_BYTES:
        raise QuotaError(f"All files together may have at most {limits.IMPORT_BYTES >> 30} GB.")


def _put(services: Services, row: Import, number: int, offset: int, data: bytes) -> int:
    if offset + len(data) > limits.FILE_BYTES:
        raise QuotaError(f"A file may have at most {limits.FILE_BYTES >> 30} GB.")
    return _store(services, row, number, offset, data)


def _store(services: Services, row: Import, number: int, offset: int, data: bytes) -> int:
    disk_room.require_in(services.storage)
    return storing.put(services.storage, storing.part(row, number, offset), data)


def _kept(user: User) -> list[tuple[int]]:
    return list(Import.select(Import.kept_bytes).where(Import.user == user.id).tuples())
