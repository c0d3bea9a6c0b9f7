"""Archives that lie, overflow or point elsewhere: one clear sentence, and nothing is read."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.imports.unpacking_limits import Limits
from tests.imports.reading_files import as_json, read, zipped
from tests.imports.sources.test_spotify_extended import NAME, row

HONEST = {NAME: as_json([row()])}
SMALL = Limits(total_bytes=40 << 20, file_bytes=30 << 20, members=50)


def archive(name: str = NAME, content: bytes = HONEST[NAME], **attributes: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        made.writestr(info, content)
    return file.getvalue()


def refused(content: bytes, limits: Limits = SMALL) -> str:
    """The one sentence with which a file is refused; nothing of it counts."""
    outcome = read({"my_spotify_data.zip": content}, limits)
    void = {broken.file for broken in outcome.broken}
    assert all(play["file"] in void for play in outcome.plays)
    assert len(outcome.sentences) == 1, outcome.sentences
    sentence = outcome.sentences[0]
    assert sentence.endswith(".")
    assert "/tmp" not in sentence
    return sentence


def spaces(megabytes: int) -> bytes:
    """A row for each megabyte, and little else."""
    return b"[" + b",".join([as_json(row()) + b" " * (1 << 20)] * megabytes) + b"]"


def test_an_honest_archive_is_read() -> None:
    assert len(read({"a.zip": archive()}).plays) == 1


def test_a_file_that_unpacks_to_hundreds_of_times_its_size_is_refused() -> None:
    assert "200 times its size" in refused(archive(content=spaces(25)))


def test_a_file_that_is_too_large_is_refused() -> None:
    limits = replace(SMALL, ratio=2_000)
    assert "unpacks to more than" in refused(archive(content=spaces(35)), limits)


def test_files_that_are_too_large_together_are_refused() -> None:
    limits = replace(SMALL, ratio=2_000)
    content = zipped({f"{n}_{NAME}": spaces(25) for n in range(3)})
    outcome = read({"a.zip": content}, limits)
    assert len(outcome.column("file")) >= 25
    assert all("unpacks to more than" in one for one in outcome.sentences)
    assert len(outcome.sentences) == 2


def test_too_many_files_are_refused() -> None:
    assert "more than 50 files" in refused(zipped({f"{n}.json": b"[]" for n in range(51)}))


def test_too_many_files_in_nested_archives_are_refused() -> None:
    inner = zipped({f"{n}.json": b"[]" for n in range(30)})
    outcome = read({"a.zip": zipped({"1.zip": inner, "2.zip": inner})}, SMALL)
    assert any("more than 50 files" in one for one in outcome.sentences)


def test_a_list_of_members_of_megabytes_is_refused_before_it_is_kept() -> None:
    limits = replace(SMALL, directory_bytes=10_000)
    content = zipped({f"{n}-{'x' * 200}.json": b"[]" for n in range(50)})
    assert "list of files" in refused(content, limits)


def test_archives_nested_three_deep_are_read_and_four_deep_are_not() -> None:
    content = archive()
    for _ in range(3):
        content = zipped({"inner.zip": content})
    assert len(read({"a.zip": content}).plays) == 1
    assert "archives deep" in refused(zipped({"inner.zip": content}))


def test_an_archive_of_itself_for_ever_ends() -> None:
    content = archive()
    for _ in range(30):
        content = zipped({"r/r.gz": content}, zipfile.ZIP_STORED)
    refused(content)


@pytest.mark.parametrize(
    "name", ["../x.json", "a/../../x.json", "/etc/x.json", "C:\\x.json", "..\\x.json", "\\x.json"]
)
def test_names_that_point_outside_are_refused(name: str) -> None:
    assert "outside the archive" in refused(archive(name=name))


def test_links_are_refused() -> None:
    link = (stat.S_IFLNK | 0o777) << 16
    assert "link" in refused(archive(content=b"/etc/passwd", external_attr=link))


def test_archives_with_a_password_are_refused() -> None:
    content = bytearray(archive())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.rindex(signature) + offset
        content[at] |= 1
    assert "password" in refused(bytes(content))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 98])
def test_unusual_packing_is_refused(method: int) -> None:
    if method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = zipped(HONEST, method)
    else:
        changed = bytearray(archive())
        struct.pack_into("<H", changed, 8, method)
        struct.pack_into("<H", changed, changed.rindex(b"PK\1\2") + 10, method)
        content = bytes(changed)
    assert "unusual way" in refused(content)


def overlapping(count: int) -> bytes:
    """One member, listed many times under different names."""
    content = archive(name="0.json")
    at = content.rindex(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    entry = content[at:end]
    entries = b"".join(
        entry.replace(b"0.json", f"{number}.json".encode()) for number in range(count)
    )
    tail = bytearray(content[end:])
    struct.pack_into("<HHLL", tail, 8, count, count, len(entries), at)
    return content[:at] + entries + bytes(tail)


def test_members_that_share_their_bytes_are_refused() -> None:
    assert "overlap" in refused(overlapping(5))


def test_members_that_lie_in_the_list_of_members_are_refused() -> None:
    content = bytearray(archive())
    at = content.rindex(b"PK\1\2")
    struct.pack_into("<L", content, at + 42, at - 40)
    refused(bytes(content))


@pytest.mark.parametrize("change", [-40, -1, 1, 5_000, 1 << 30])
def test_a_size_that_is_not_true_is_refused(change: int) -> None:
    content = bytearray(archive())
    at = content.rindex(b"PK\1\2") + 24
    (size,) = struct.unpack_from("<L", content, at)
    struct.pack_into("<L", content, at, size + change)
    assert "damaged" in refused(bytes(content))


def test_a_checksum_that_is_not_true_is_refused() -> None:
    content = bytearray(archive())
    content[content.rindex(b"PK\1\2") + 16] ^= 0xFF
    assert "damaged" in refused(bytes(content))


def test_another_name_in_the_list_than_in_the_file_is_refused() -> None:
    content = archive(name="0.json")
    at = content.rindex(b"PK\1\2")
    refused(content[:at] + content[at:].replace(b"0.json", b"1.json"))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_an_archive_that_was_cut_off_is_refused(keep: float) -> None:
    content = archive(content=as_json([row(ms_played=n) for n in range(500)]))
    assert "cut off" in refused(content[: int(len(content) * keep)])


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\0\0\0\x20ftypisom", "video"),
        (b"\x1a\x45\xdf\xa3" + b"x" * 40, "video"),
        (b"\xff\xd8\xff\xe0" + b"x" * 40, "picture"),
        (b"MZ\x90\0" + b"\0" * 40, "program"),
        (bytes(range(256)) * 4 + b"\0" * 1_000, "no text"),
    ],
)
def test_something_else_that_is_called_a_zip_is_named_for_what_it_is(
    start: bytes, what: str
) -> None:
    sentence = refused(start)
    assert what in sentence
    assert "called a zip" in sentence


@pytest.mark.parametrize("start", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\1\0", b"\x1f\x8b\x08\0"])
def test_other_archives_are_asked_for_unpacked(start: bytes) -> None:
    assert "unpack it" in refused(start + b"x" * 100)


def test_an_empty_file_is_called_empty() -> None:
    assert refused(b"") == "The file is empty."


def test_an_empty_archive_holds_no_files() -> None:
    outcome = read({"a.zip": zipped({})})
    assert [file.sentence for file in outcome.files] == ["The archive is empty."]


def test_one_bad_member_does_not_spoil_the_others() -> None:
    inner = bytearray(archive())
    inner[40] ^= 0xFF
    outcome = read({"a.zip": zipped({"bad.zip": bytes(inner), NAME: HONEST[NAME]})})
    assert len(outcome.plays) == 1
    assert len(outcome.sentences) == 1


def test_what_systems_strew_about_is_passed_over_in_silence() -> None:
    strewn = ["__MACOSX/._x.json", "a/._b", ".DS_Store", "a/Thumbs.db", "desktop.ini"]
    outcome = read({"a.zip": zipped({**dict.fromkeys(strewn, b"x"), **HONEST})})
    assert len(outcome.files) == 1


def test_names_in_archives_lose_what_cannot_be_printed() -> None:
    outcome = read({"a.zip": archive(name="\x1b[31m\u202e.json")})
    assert outcome.files[0].name == "a.zip/\ufffd[31m\ufffd.json"


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_single_changed_byte_makes_rows_that_are_not_there(at: int, value: int) -> None:
    content = bytearray(archive())
    content[at % len(content)] = value
    outcome = read({"a.zip": bytes(content)}, SMALL)
    assert len(outcome.plays) == 1 or outcome.sentences or outcome.rejected


@given(st.binary(max_size=400))
def test_any_bytes_after_the_magic_of_a_zip_are_answered_with_a_sentence(rest: bytes) -> None:
    outcome = read({"a.zip": b"PK\3\4" + rest}, SMALL)
    assert outcome.sentences
