"""Folders for files on their way, which go even if the process that made them is killed.

Uploads stand in them, what is read of them, and the clear text of backups.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from audiospective import clock

A_DAY = timedelta(days=1)
_HELD = ".held"  # locked by whoever uses the folder; the system lets go of it for the dead


@contextmanager
def folder(home: Path, *parts: str) -> Iterator[Path]:
    """A new folder below `home`/scratch with the folders `parts` in it; gone afterwards."""
    top = home / "scratch"
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep(home)
    with TemporaryDirectory(dir=top) as name:
        made = Path(name)
        with (made / "new").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            (made / "new").rename(made / _HELD)  # no other process ever sees it unlocked
            for part in parts:
                (made / part).mkdir()
            yield made


def sweep(home: Path) -> int:
    """Remove the folders of processes that are no more; how many."""
    gone = 0
    for one in (home / "scratch").glob("*"):
        try:
            with (one / _HELD).open("r+") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(one, ignore_errors=True)
                gone += 1
        except FileNotFoundError:
            gone += _forgotten(one)
        except OSError:  # in use, or just being removed
            continue
    return gone


def _forgotten(one: Path) -> bool:
    """Remove a folder that nothing is known of, unless it is just being made.

    Backups that were killed left such ones, with a clear copy of the database, before they used
    folders of this kind.
    """
    with suppress(OSError):
        age = clock.now() - clock.from_ms(one.stat().st_mtime_ns // 1_000_000)
        if one.is_dir() and age > A_DAY:
            shutil.rmtree(one, ignore_errors=True)
            return True
    return False
