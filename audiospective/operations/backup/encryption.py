"""Encrypts a backup with an age key and decrypts it: streamed, and changed bytes are refused.

What is written is an ordinary file of age (https://age-encryption.org/v1), which `age` decrypts.
"""

from __future__ import annotations

from pathlib import Path

import pyrage

from audiospective.operations.backup.errors import BackupError

MAGIC = b"age-encryption.org/v1"


def new_key() -> str:
    """A fresh key, to be kept apart from the backups."""
    return str(pyrage.x25519.Identity.generate())


def encrypt(source: Path, target: Path, key: str) -> None:
    """Write the encrypted content of `source` to `target`, which must not be there."""
    recipient = pyrage.x25519.Identity.from_str(key).to_public()
    with source.open("rb") as clear, target.open("xb") as encrypted:
        pyrage.encrypt_io(clear, encrypted, [recipient])


def is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def decrypt(source: Path, target: Path, key: str) -> None:
    """Write what `source` encrypts; raises BackupError for another key or changed bytes."""
    if not key:
        raise BackupError("The backup is encrypted, and BACKUP_KEY is not set.")
    identity = pyrage.x25519.Identity.from_str(key)
    try:
        with source.open("rb") as encrypted, target.open("xb") as clear:
            pyrage.decrypt_io(encrypted, clear, [identity])
    except (pyrage.DecryptError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk; what age finds changed has no number
        raise BackupError("BACKUP_KEY does not open the backup, or it is damaged.") from None
