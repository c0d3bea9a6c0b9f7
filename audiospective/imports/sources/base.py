"""What a source is: it recognises its files and reads them as batches of plays."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from audiospective.imports.containers.kinds import kind
from audiospective.imports.reading.delimited import delimiter, split
from audiospective.imports.survey import Question

if TYPE_CHECKING:
    from audiospective.imports.plays import Batch, Broken

_KEY = re.compile(r'"((?:[^"\\]|\\.){1,80}+)"\s*:')
_FIRST = 16_384
ZONE = Question(
    "zone",
    "The file does not say of which time zone its times are. Which zone was the clock set to?",
)


@dataclass(frozen=True)
class Peek:
    """The beginning of a file. `name` is its path within what was sent, `/` between folders."""

    name: str
    head: bytes
    size: int
    sheets: tuple[str, ...] = ()  # of a workbook

    @property
    def basename(self) -> str:
        return self.name.rpartition("/")[2]

    @cached_property
    def kind(self) -> str:
        """text, sqlite, zip (a workbook: other archives have been opened), ..."""
        return kind(self.head)

    @cached_property
    def text(self) -> str:
        """The beginning as characters, without a byte order mark; empty for what is no text."""
        if self.kind != "text":
            return ""
        wide = self.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return self.head.decode("utf-16" if wide else "utf-8", "replace").lstrip("\ufeff")

    @cached_property
    def opening(self) -> str:
        """The first sign: `[` or `{` for JSON."""
        return self.text.lstrip()[:1]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of JSON objects that occur in the beginning, however deep."""
        return frozenset(_KEY.findall(self.text)) if self.opening in ("[", "{") else frozenset()

    @cached_property
    def lines(self) -> list[str]:
        """The first lines that are neither empty nor comments."""
        first = self.text[:_FIRST].splitlines()
        return [line for line in first if line.strip() and not line.startswith(("#", "+ACM-"))]

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The first such line as column names in small letters; empty for what is no table."""
        if self.opening in ("", "[", "{") or not self.lines:
            return ()
        return tuple(name.strip().lower() for name in split(self.lines[0]))

    @cached_property
    def first(self) -> Mapping[str, str]:
        """The first row below the header, by column name."""
        if len(self.lines) < 2 or not self.header:
            return {}
        fields = split(self.lines[1], delimiter(self.lines[0]))
        return dict(zip(self.header, fields, strict=False))


@dataclass(frozen=True)
class Verdict:
    """`sure` from 1 (by exclusion) to 100 (nothing else looks like this); the highest wins.

    `role` is the source's own word for what the file is to it; `plays` is false for files that
    only help to read others, whose rows are not counted.
    """

    sure: int
    role: str = "plays"
    plays: bool = True
    questions: tuple[Question, ...] = ()


class File(Protocol):
    """A file that was recognised; `number` is its place in the survey."""

    @property
    def number(self) -> int: ...

    @property
    def peek(self) -> Peek: ...

    @property
    def role(self) -> str: ...

    def open(self) -> BinaryIO:
        """Its bytes from the start, counted against the limits; raises ContainerError."""

    def path(self) -> Path:
        """Where it lies on the disk, for formats that need to seek; raises ContainerError."""

    def sheet(self, name: str) -> AbstractContextManager[tuple[bool, Iterator[list[Any]]]]:
        """A workbook's rows: see containers.workbooks.rows."""


@dataclass(frozen=True)
class Answers:
    """What the person said, or what is known about them.

    `names`: the member's own user names at Spotify; a file with another one is noted. `zone`: IANA
    zone of times that have none. `day_first`: how to read 03/04. `person`: whose plays are meant,
    of a file that holds several people's. `mapping`: by file name, the column of a table for each
    of ours.
    """

    now: int  # UTC milliseconds
    names: frozenset[str] = frozenset()
    zone: str | None = None
    day_first: bool | None = None
    person: str | None = None
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Examined:
    """What there is to ask, the mapping (ours: the file's) and five rows read with it."""

    questions: tuple[Question, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    sample: tuple[Mapping[str, str], ...] = ()
    columns: tuple[str, ...] = ()


class Source(Protocol):
    """One place that people come from; its module in this package has these names."""

    def sniff(self, peek: Peek) -> Verdict | None:
        """Is this file mine? Looks at nothing but the peek; never raises."""

    # Optional: examine(file: File, answers: Answers) -> Examined, what only a look through the
    # whole file tells.

    def read(self, files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
        """All rows of all files, each in one bin; memory does not grow with their number."""
