"""Where the tests write: into memory where the machine has room for it there, else on its disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 6 * 2**30  # bytes free; a whole run writes about half of that


def use() -> None:
    """Let temporary files of this process and of its children lie in memory.

    Databases sync every commit, and making thousands of small files is slow on a disk.
    """
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # to be found anew


def _has_room() -> bool:
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(MEMORY)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize >= ENOUGH
