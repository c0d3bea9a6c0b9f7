"""Two releases that migrate at once: the second waits until the first is done."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from audiospective import models
from audiospective.models import migrations


def test_on_sqlite_the_second_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = os.open(tmp_path, os.O_RDONLY)
    tried = []

    class Runner:
        def up(self, _: str | None) -> list[str]:
            with pytest.raises(BlockingIOError):
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried.append(True)
            return ["0001_initial"]

    monkeypatch.setattr(migrations, "_runner", Runner)
    models.bind(f"sqlite:///{tmp_path}/archive.db")
    try:
        assert models.migrate() == ["0001_initial"]
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(second)
    assert tried


def test_on_a_disk_that_locks_no_folder_it_migrates_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Runner:
        def up(self, _: str | None) -> list[str]:
            return ["0001_initial"]

    def refuses(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")  # as NFS says it

    monkeypatch.setattr(migrations, "_runner", Runner)
    monkeypatch.setattr(fcntl, "flock", refuses)
    models.bind(f"sqlite:///{tmp_path}/archive.db")
    assert models.migrate() == ["0001_initial"]
