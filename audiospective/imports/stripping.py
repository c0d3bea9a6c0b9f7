"""Copies what was sent without what is personal, and without files that hold no plays.

It runs in the process that reads files (child): what comes in may be hostile.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from audiospective.imports import opening, personal_fields
from audiospective.imports.containers import directory
from audiospective.imports.containers.budget import BLOCK, Budget
from audiospective.imports.containers.members import Member, Opener
from audiospective.imports.errors import RefusedError
from audiospective.imports.reading import tables
from audiospective.imports.reading.delimited import delimiter, split
from audiospective.imports.reading.encodings import as_utf8
from audiospective.imports.restore import files
from audiospective.imports.sources import navidrome
from audiospective.imports.sources.base import Peek
from audiospective.imports.survey import Upload
from audiospective.imports.unpacking_limits import Limits

LONGEST = 1 << 16  # bytes of one personal value; what is longer is no address and no name
MAGIC = 16  # bytes by which it is still known what a file was
_FIRST = (1980, 1, 1, 0, 0, 0)  # the same upload makes the same file
_FIELDS = re.compile(personal_fields.FIELDS.encode())
_CELLS = re.compile(personal_fields.CELLS.encode())
_MARK = f'"{personal_fields.OTHER}"'.encode()

Change = Callable[[re.Match[bytes]], bytes]


def strip(uploads: Sequence[Upload], names: Collection[str], scratch: Path, out: Path) -> None:
    """Write `out`/0, `out`/1, ...: the uploads, stripped. Raises RefusedError.

    `names` are the member's own user names. A file of which a part cannot be read is refused whole.
    """
    budget = Budget(Limits())
    with ExitStack() as stack:
        opener = Opener(scratch, budget, stack)
        for number, upload in enumerate(uploads):
            if files.is_bundle(upload.path):  # an archive of ours holds nothing of that kind
                shutil.copyfile(upload.path, out / str(number))
                continue
            members = list(opener.members(upload.path, upload.name))
            with (out / str(number)).open("wb") as target:
                if len(members) == 1 and members[0].name == upload.name:
                    for piece in _content(members[0], opener, names):
                        target.write(piece)
                else:
                    _pack(upload.name, members, opener, names, target)


def _pack(
    name: str, members: Iterable[Member], opener: Opener, names: Collection[str], target: BinaryIO
) -> None:
    """The members as one archive without archives in it; their names stay."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name.removeprefix(f"{name}/"), _FIRST)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=member.size > 1 << 30) as file:
                for piece in _content(member, opener, names):
                    file.write(piece)


def _content(member: Member, opener: Opener, names: Collection[str]) -> Iterator[bytes]:
    if member.sentence:
        raise RefusedError(member.sentence)
    peek = Peek(member.name, member.head(), member.size, member.sheets)
    if opening.wanted(peek) == (None, None):
        return iter([_stub(peek)])
    if peek.kind == "zip":
        return _workbook(member.path or opener.copy(member), opener)
    if peek.kind == "sqlite":
        return _database(member.path or opener.copy(member), opener)
    if peek.kind != "text":
        return _blocks(member.open())
    if peek.opening in ("[", "{"):
        return replaced(as_utf8(member.open()), _FIELDS, _without_fields(names))
    return _table(member, peek)


def _stub(peek: Peek) -> bytes:
    """What is left of a file that holds no plays: enough to say what it was."""
    if peek.kind != "text":
        return peek.head[:MAGIC]
    return {"[": b"[]", "{": b"{}"}.get(peek.opening, b"-")


def _without_fields(names: Collection[str]) -> Change:
    """What a personal field of JSON becomes; of user names, those of somebody else leave a mark."""
    own = {name.casefold() for name in names}

    def change(match: re.Match[bytes]) -> bytes:
        value = match[3].decode(errors="replace").strip('"')
        named = match[1].decode() in personal_fields.NAME_KEYS and match[3][:1] == b'"'
        foreign = named and value and own and value.casefold() not in own
        return b'"%b"%b%b' % (match[1], match[2], _MARK if foreign else b"null")

    return change


def replaced(stream: BinaryIO, pattern: re.Pattern[bytes], change: Change) -> Iterator[bytes]:
    """The stream with every find changed, also one that lies across two pieces."""
    rest = b""
    with stream:
        while block := stream.read(BLOCK):
            rest = pattern.sub(change, rest + block)
            # What is not a find yet and becomes one with the next piece begins after the cut.
            cut = max(len(rest) - LONGEST, 0)
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _table(member: Member, peek: Peek) -> Iterator[bytes]:
    first = peek.lines[0] if peek.lines else ""
    columns = split(first)
    if not any(
        personal_fields.is_column(one) or personal_fields.header(one) != one for one in columns
    ):
        return _blocks(member.open())
    return _without_columns(member.open(), first)


def _without_columns(stream: BinaryIO, first: str) -> Iterator[bytes]:
    """The table with personal columns empty. Rows keep their numbers, which are those of lines."""
    sign = delimiter(first)
    with stream:
        numbered = enumerate(tables.lines(stream), 1)
        for _, line in numbered:
            if line == first:
                break
            yield f"{line}\n".encode(errors="replace")
        names = split(first, sign)
        personal_ones = [at for at, name in enumerate(names) if personal_fields.is_column(name)]
        yield _line([personal_fields.header(name) for name in names], sign)
        at = 0  # the last line that was written, of those below the header
        below = ((number, line) for number, line in enumerate((line for _, line in numbered), 1)
                 if line.strip())  # fmt: skip
        for row in tables.rows(below, sign, len(names)):
            yield b"\n" * (row.number - at - 1)
            fields = row.fields
            if fields is None or any(field.strip() for field in fields[len(names) :]):
                fields = [*[""] * len(names), "unreadable"]  # too long a row: it is rejected
            else:
                fields = ["" if place in personal_ones else field
                          for place, field in enumerate(fields)]  # fmt: skip
            yield _line(fields, sign)
            at = row.number + sum(field.count("\n") for field in fields)


def _line(fields: Sequence[str], sign: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=sign, lineterminator="\n").writerow(fields)
    return text.getvalue().encode(errors="replace")


def _workbook(path: Path, opener: Opener) -> Iterator[bytes]:
    """A workbook in whose cells no addresses stand, nor its author's name beside them."""
    packed = opener.scratch / "workbook"
    source = directory.opened(path, opener.budget)
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for info in source.infolist():
                with target.open(zipfile.ZipInfo(info.filename, _FIRST), "w") as file:
                    for piece in replaced(opener.unpacked(source, info), _CELLS, _without_cell):
                        file.write(piece)
    finally:
        directory.close(source)
    yield from _blocks(packed.open("rb"))


def _without_cell(match: re.Match[bytes]) -> bytes:
    return match[1] or match[2]


def _database(path: Path, opener: Opener) -> Iterator[bytes]:
    reduced = opener.scratch / "reduced"
    navidrome.reduce(path, reduced)
    return _blocks(reduced.open("rb"))


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while block := stream.read(BLOCK):
            yield block
