"""A release whose migration does not go through."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from audiospective import models
from audiospective.cli.migrate import command
from audiospective.models import migrations
from tests.fixtures import TOKEN_KEY

FINE = 'def up(_migrator, db):\n    db.execute_sql("CREATE TABLE of_the_next (id INTEGER)")\n'
BROKEN = 'def up(_migrator, db):\n    db.execute_sql("CREATE TABLE users (id INTEGER)")\n'


def test_the_one_that_failed_is_named_and_those_before_it_stay(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(migrations.DIRECTORY, tmp_path / "migrations")
    for name, text in (("9997_fine", FINE), ("9998_broken", BROKEN), ("9999_later", FINE)):
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(migrations, "DIRECTORY", folder)
    settings = {
        "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "s" * 40,
        "TOKEN_KEYS": TOKEN_KEY, "AUDIOSPECTIVE_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    done = CliRunner().invoke(command, env=settings)
    assert done.exit_code == 3
    assert done.output.startswith("Error: migration 9998_broken failed (")
    assert "already exists" in done.output
    assert "migrate' first" not in done.output
    with models.database.connection_context():
        assert migrations.applied()[-1] == "9997_fine"
    assert migrations.pending() == ["9998_broken", "9999_later"]
