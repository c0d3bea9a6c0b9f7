"""Puts files of a backup into storage: as often as needed, over others only on request."""

from __future__ import annotations

import hashlib

from audiospective.clients.storage import CHUNK, Storage
from audiospective.operations.backup.container import Part, Reading
from audiospective.operations.backup.errors import BackupError

OTHER = (
    "Storage holds another file as {} already. Let STORAGE_URL name an empty place,"
    " or give --over to replace files there."
)


def put(storage: Storage, reading: Reading, *, over: bool) -> None:
    """Put every file that is not there yet; raises StorageError.

    Other bytes under one of the keys: BackupError before anything is put, or `over` them.
    """
    wanted = reading.manifest.files
    there = {key for key, part in wanted.items() if _is_there(storage, key, part, over=over)}
    for key, pieces in reading.files():
        if key not in there:
            storage.put(key, pieces)


def _is_there(storage: Storage, key: str, part: Part, *, over: bool) -> bool:
    size = storage.size(key)
    if size is None:
        return False
    if size == part.size:
        digest = hashlib.sha256()
        with storage.open(key) as stream:
            while block := stream.read(CHUNK):
                digest.update(block)
        if digest.hexdigest() == part.sha256:
            return True
    if not over:
        raise BackupError(OTHER.format(key))
    return False
