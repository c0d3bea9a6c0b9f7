"""The room that is left on the disks of this machine that an archive needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from audiospective.models import dialects
from audiospective.policy import alarms as rules
from audiospective.policy.in_words import size
from audiospective.settings import Settings


@dataclass(frozen=True)
class Room:
    """Bytes that are left, and that there are, on the disk of a folder."""

    folder: Path
    free: int
    total: int

    @property
    def said(self) -> str:
        return f"{size(self.free)} of {size(self.total)} are left on the disk of {self.folder}."


def low(settings: Settings) -> Room | None:
    """The first disk that is nearly full: that of an SQLite file, or of AUDIOSPECTIVE_HOME."""
    file = dialects.file()
    for folder in [*([file.parent] if file is not None else []), settings.home]:
        try:
            found = shutil.disk_usage(folder)
        except OSError:  # a folder that is not there is told elsewhere
            continue
        if rules.is_low(found.free, found.total):
            return Room(folder, found.free, found.total)
    return None
