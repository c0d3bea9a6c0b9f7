"""`import`: files are brought, looked at first, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from audiospective import history
from audiospective.models import User
from tests import factories
from tests.imports.importing import month, spotify_file
from tests.jobs.stack import running
from tests.support import commands


@pytest.fixture
def stack(sqlite_database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Any]:
    with running(sqlite_database_url, redis_url, tmp_path / "home") as built:
        factories.make_user("juniper")
        yield built


def run(stack: Any, *arguments: str) -> Result:
    return commands.run(stack, "import", "juniper", *arguments, typed="n\n")


def test_files_are_brought_and_taken_back(stack: Any, tmp_path: Path) -> None:
    file = tmp_path / "endsong_0.json"
    file.write_bytes(spotify_file(*month())["endsong_0.json"])
    juniper = User.get(User.spotify_id == "juniper")
    asked = run(stack, str(file))
    assert asked.exit_code == 1
    assert "Nothing was added." in asked.stderr
    assert history.total(juniper.id) == 0
    done = run(stack, "--yes", str(file))
    assert done.exit_code == 0, done.stderr
    assert "Import 2: done" in done.stdout
    assert "difference           0" in done.stdout
    assert history.total(juniper.id) == 56
    back = run(stack, "--undo", "2")
    assert (back.exit_code, history.total(juniper.id)) == (0, 0)
    assert "no import 9" in run(stack, "--undo", "9").stderr
