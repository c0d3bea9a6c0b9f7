"""SQLite for the tests: a migrated file made once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def migrated_sqlite(
    tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[str], None]
) -> Path:
    """A file with every migration applied, to be copied by each test."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{path}")
    leftovers = [p for p in (path.with_name(f"{path.name}-wal"),) if p.exists()]
    assert not leftovers, "the template must be closed before it is copied"
    return path


@pytest.fixture
def sqlite_database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    path = tmp_path / "archive.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"
