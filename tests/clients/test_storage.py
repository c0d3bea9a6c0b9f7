"""Storage in a folder of this machine; what holds of any storage: test_any_storage.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiospective.clients import storage
from audiospective.clients.storage import FileStorage, StorageError


@pytest.fixture
def files(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "storage")


def test_a_stream_that_breaks_leaves_no_draft(files: FileStorage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise EOFError

    with pytest.raises(EOFError):
        files.put("a", broken())
    assert not list((files.root / ".drafts").iterdir())


def test_a_listing_names_what_is_below_a_path(files: FileStorage) -> None:
    for key in ("imports/1/b", "imports/1/a", "imports/12/c"):
        files.put(key, b"x")
    assert [(one.key, one.size) for one in files.list("imports/1")] == [
        ("imports/1/a", 1),
        ("imports/1/b", 1),
    ]


def test_deleting_leaves_no_empty_folders(files: FileStorage) -> None:
    files.put("imports/1/a", b"x")
    files.put("imports/2/a", b"x")
    files.delete("imports/1/a")
    assert [path.name for path in (files.root / "imports").iterdir()] == ["2"]


def test_nobody_else_on_the_machine_can_read_it(files: FileStorage) -> None:
    files.put("imports/a", b"x")
    assert (files.root / "imports/a").stat().st_mode & 0o077 == 0
    assert (files.root / "imports").stat().st_mode & 0o077 == 0


def test_the_address_says_which_storage(tmp_path: Path) -> None:
    built = storage.build(f"file://{tmp_path}/with%20space")
    assert isinstance(built, FileStorage)
    assert built.root == tmp_path / "with space"


@pytest.mark.parametrize("verb", ["open", "get", "size", "delete", "list"])
def test_a_kind_that_is_not_available_fails_when_it_is_used(verb: str) -> None:
    absent = storage.build("ftp://bucket/prefix")
    with pytest.raises(StorageError, match="ftp"):
        getattr(absent, verb)("a")
    with pytest.raises(StorageError):
        absent.put("a", b"x")


def test_files_have_no_signed_links(files: FileStorage) -> None:
    assert files.link("a", storage.Download("a.csv", "text/csv", 60)) is None


def test_what_a_killed_process_left_half_written_goes_after_a_day(files: FileStorage) -> None:
    drafts = files.root / ".drafts"
    drafts.mkdir(parents=True)
    old, new = drafts / "old", drafts / "new"
    for draft in (old, new):
        draft.write_bytes(b"half of a member's plays")
    before = new.stat().st_mtime - 25 * 3600
    os.utime(old, (before, before))
    files.put("a", b"whole")
    assert [one.name for one in drafts.iterdir()] == ["new"]


def test_a_folder_that_somebody_else_empties_meanwhile_is_made_again(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.put("exports/1/old", b"old")
    replace, deleted = Path.replace, []

    def meanwhile(draft: Path, target: Path) -> Path:
        if not deleted:
            deleted.append(files.delete("exports/1/old"))
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    assert files.put("exports/1/new", b"new") == 3
    assert files.get("exports/1/new") == b"new"
