"""`export`, on an archive that is hard to write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import Result

from audiospective.cli.export import FORMATS
from audiospective.exports import formats
from audiospective.history import version
from tests.exports.making import archive, hard_plays
from tests.jobs.stack import running
from tests.support import commands


@pytest.fixture
def stack(sqlite_database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Any]:
    with running(sqlite_database_url, redis_url, tmp_path / "home") as built:
        archive(*hard_plays(), name="juniper")
        yield built


def export(stack: Any, *arguments: str) -> Result:
    return commands.run(stack, "export", "juniper", *arguments)


def test_the_command_knows_every_format() -> None:
    assert tuple(formats.FORMATS) == FORMATS


def test_every_format_is_written_at_once(stack: Any, tmp_path: Path) -> None:
    done = export(stack, "--format", "all", "--out", str(tmp_path / "out"))
    assert (done.exit_code, done.stderr) == (0, "")
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(files) == len(FORMATS)
    document = json.loads((tmp_path / "out" / "plays.json").read_bytes())
    assert f"{document['count']:,} plays in the archive" in done.stdout


def test_without_a_format_it_is_the_bundle(stack: Any, tmp_path: Path) -> None:
    done = export(stack, "--out", str(tmp_path / "out"))
    assert (done.exit_code, done.stderr) == (0, "")
    (made,) = (tmp_path / "out").iterdir()
    with ZipFile(made) as zipped:
        assert f"{made.stem}/index.html" in zipped.namelist()


def test_an_archive_that_changes_during_every_copy_ends_it_with_one_line(
    stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = count()
    monkeypatch.setattr(version, "of_plays", lambda _user: str(next(versions)))
    out = tmp_path / "out"
    done = export(stack, "--out", str(out))
    assert done.exit_code == 1
    assert "changed during 5 copies; nothing was written, try again later." in done.output
    assert list(out.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_half_is_left(stack: Any, tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("mine")
    done = export(stack, "--format", "csv", "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert (tmp_path / "plays.csv").read_text() == "mine"
    assert not list(tmp_path.glob(".export-*"))


def test_the_compatible_form_brings_its_list_of_changes(stack: Any, tmp_path: Path) -> None:
    done = export(stack, "--format", "maloja", "--compatible", "--out", str(tmp_path))
    assert done.exit_code == 0
    (made,) = tmp_path.glob("maloja_export_*.zip")
    with ZipFile(made) as zipped:
        assert "CHANGES.csv" in zipped.namelist()


def test_a_format_without_a_compatible_form_is_refused(stack: Any, tmp_path: Path) -> None:
    done = export(stack, "--format", "csv", "--compatible", "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "csv: there is no compatible form." in done.stderr
