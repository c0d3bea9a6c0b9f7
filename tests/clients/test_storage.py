"""Storage: whole or not at all, streamed, and never outside its own place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiospective.clients import storage
from audiospective.clients.storage import FileStorage, MissingError, StorageError


@pytest.fixture
def files(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "storage")


@pytest.mark.parametrize(
    "content", [b"abc", io.BytesIO(b"abc"), [b"a", b"bc"]], ids=["bytes", "stream", "pieces"]
)
def test_what_is_put_comes_back(files: FileStorage, content: bytes) -> None:
    assert files.put("imports/1/a.json", content) == 3
    assert files.get("imports/1/a.json") == b"abc"
    assert files.size("imports/1/a.json") == 3
    with files.open("imports/1/a.json") as stream:
        assert stream.read(2) == b"ab"


def test_a_second_put_replaces_the_first(files: FileStorage) -> None:
    files.put("a", b"old and long")
    files.put("a", b"new")
    assert files.get("a") == b"new"


def test_a_stream_that_breaks_leaves_what_was_there(files: FileStorage) -> None:
    files.put("a", b"old")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise EOFError

    with pytest.raises(EOFError):
        files.put("a", broken())
    assert files.get("a") == b"old"
    assert not list((files.root / ".drafts").iterdir())


def test_what_is_not_there_says_so(files: FileStorage) -> None:
    with pytest.raises(MissingError):
        files.open("a")
    assert files.size("a") is None
    files.delete("a")
    assert list(files.list("imports")) == []


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


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", ".drafts/x", "a\0b", "a b", "x" * 200]
)
def test_a_key_cannot_lead_out(files: FileStorage, key: str) -> None:
    with pytest.raises(StorageError):
        files.put(key, b"x")


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
