"""Room for what members send and ask for, on disks where everybody's plays may be."""

from __future__ import annotations

import shutil
from pathlib import Path

from audiospective import log
from audiospective.clients.storage import FileStorage, Storage, StorageError
from audiospective.policy import alarms

# How often the bytes of an upload lie on one disk at a time, if files in storage do.
OF_A_FORM = 4  # as they come, as they are looked through, without what is personal, in storage
OF_PIECES = 2  # in storage, and as a worker reads them


def require(folder: Path, wanted: int = 0) -> None:
    """Raise storage.StorageError where `wanted` more bytes on the disk of `folder` are too many."""
    try:
        total, _, free = shutil.disk_usage(folder)
    except OSError:  # not made yet
        return
    if not alarms.has_room(free, total, wanted):
        log.event("disk_has_no_room", log.WARNING, wanted=wanted, free=free)
        raise StorageError("the disk is nearly full")


def require_in(storage: Storage, wanted: int = 0) -> None:
    """The same of storage, if that is a disk of this machine."""
    if isinstance(storage, FileStorage):
        require(storage.root, wanted)
