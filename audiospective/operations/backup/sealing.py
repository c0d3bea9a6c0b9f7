"""Seals a backup with an age key, and opens it again: streamed, and changed bytes open nothing.

What is written is an ordinary file of age (https://age-encryption.org/v1), which `age` opens.
"""

from __future__ import annotations

from pathlib import Path

import pyrage

from audiospective.operations.backup.errors import BackupError

MAGIC = b"age-encryption.org/v1"


def new_key() -> str:
    """A fresh key, to be kept apart from the backups."""
    return str(pyrage.x25519.Identity.generate())


def seal(source: Path, target: Path, key: str) -> None:
    """Write the sealed content of `source` to `target`, which must not be there."""
    recipient = pyrage.x25519.Identity.from_str(key).to_public()
    with source.open("rb") as clear, target.open("xb") as sealed:
        pyrage.encrypt_io(clear, sealed, [recipient])


def is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def open_(source: Path, target: Path, key: str) -> None:
    """Write the content of a sealed file; raises BackupError for another key or changed bytes."""
    if not key:
        raise BackupError("The backup is sealed, and BACKUP_KEY is not set.")
    identity = pyrage.x25519.Identity.from_str(key)
    try:
        with source.open("rb") as sealed, target.open("xb") as clear:
            pyrage.decrypt_io(sealed, clear, [identity])
    except (pyrage.DecryptError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk; what age finds changed has no number
        raise BackupError("BACKUP_KEY does not open the backup, or it is damaged.") from None
