"""What keeps a backup from being made or read: each a sentence for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class BackupError(Exception):
    """Nothing was written, or nothing was changed; the message says why."""


class IncompleteBackupError(BackupError):
    """A backup was written, without closed years that storage has lost (`lost`, their keys)."""

    def __init__(self, target: Path, lost: Sequence[str]) -> None:
        super().__init__(
            f"{target} was written and has everything else, but storage has lost or damaged"
            f" {len(lost)} of the closed years, the first is {min(lost)}. Keep an older backup that"
            " has them, and put them back: verify --from FILE."
        )
        self.lost = lost
