"""Storage, in a folder as in a bucket: whole or not at all, streamed, never outside its place."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audiospective.clients.storage import (
    FileStorage,
    MissingError,
    S3Storage,
    Storage,
    StorageError,
)


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FileStorage(tmp_path / "storage")
    return S3Storage(request.getfixturevalue("s3_bucket"))


@pytest.mark.parametrize(
    "content",
    [lambda: b"abc", lambda: io.BytesIO(b"abc"), lambda: [b"a", b"bc"]],
    ids=["bytes", "stream", "pieces"],
)
def test_what_is_put_comes_back(files: Storage, content: Callable[[], Any]) -> None:
    assert files.put("imports/1/a.json", content()) == 3
    assert files.get("imports/1/a.json") == b"abc"
    assert files.size("imports/1/a.json") == 3
    with files.open("imports/1/a.json") as stream:
        assert stream.read(2) == b"ab"


def test_a_second_put_replaces_the_first(files: Storage) -> None:
    files.put("a", b"old and long")
    files.put("a", b"new")
    assert files.get("a") == b"new"


def test_a_stream_that_breaks_leaves_what_was_there(files: Storage) -> None:
    files.put("a", b"old")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise EOFError

    with pytest.raises(EOFError):
        files.put("a", broken())
    assert files.get("a") == b"old"


def test_what_is_not_there_says_so(files: Storage) -> None:
    with pytest.raises(MissingError):
        files.open("a")
    assert files.size("a") is None
    files.delete("a")
    assert list(files.list("imports")) == []


def test_what_is_deleted_is_gone(files: Storage) -> None:
    files.put("a", b"x")
    files.delete("a")
    assert files.size("a") is None


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", ".drafts/x", "a\0b", "a b", "x" * 200]
)
def test_a_key_cannot_lead_out(files: Storage, key: str) -> None:
    with pytest.raises(StorageError, match="no key"):
        files.put(key, b"x")
