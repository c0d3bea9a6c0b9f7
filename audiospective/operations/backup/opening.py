"""Opens the file of a backup, encrypted or not, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from audiospective.imports import scratch
from audiospective.operations.backup import encryption
from audiospective.operations.backup.container import Reading
from audiospective.services import Services


@contextmanager
def opened(services: Services, path: Path) -> Iterator[Reading]:
    """The backup; its clear text lies under AUDIOSPECTIVE_HOME meanwhile. Raises BackupError."""
    with scratch.folder(services.settings.home) as folder:
        clear = path
        if encryption.is_encrypted(path):
            clear = folder / "backup.zip"
            encryption.decrypt(path, clear, services.settings.backup_key)
        with closing(Reading(clear)) as reading:
            yield reading
