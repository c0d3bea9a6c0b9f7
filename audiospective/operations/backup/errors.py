"""What keeps a backup from being made or read: each a sentence for the operator."""

from __future__ import annotations


class BackupError(Exception):
    """Nothing was written, or nothing was changed; the message says why."""
