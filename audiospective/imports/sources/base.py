"""What a source is: it recognises its files and reads them as batches of plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from audiospective.imports.plays import Batch, Broken


@dataclass(frozen=True)
class Peek:
    """The beginning of a file. `name` is its path within what was sent, `/` between folders."""

    name: str
    head: bytes
    size: int

    @property
    def basename(self) -> str:
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Verdict:
    """`sure` from 1 (by exclusion) to 100 (nothing else looks like this); the highest wins.

    `role` is the source's own word for what the file is to it; `plays` is false for files that
    only help to read others, whose rows are not counted.
    """

    sure: int
    role: str = "plays"
    plays: bool = True


class File(Protocol):
    """A file that was recognised; `number` is its place in the survey."""

    number: int
    peek: Peek
    role: str

    def open(self) -> BinaryIO:
        """Its bytes from the start, counted against the limits; raises ContainerError."""

    def copy(self) -> Path:
        """A copy in the scratch folder, for formats that need to seek; raises ContainerError."""


@dataclass(frozen=True)
class Answers:
    """What the person said, or what is known about them.

    `names`: the member's own user names at Spotify; a file with another one is noted. `zone`: IANA
    zone of times that have none. `day_first`: how to read 03/04. `mapping`: column of a CSV for
    each of SCHEMA's, by file name.
    """

    now: int  # UTC milliseconds
    names: frozenset[str] = frozenset()
    zone: str | None = None
    day_first: bool | None = None
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Source(Protocol):
    """One place that people come from; its module in this package has these names."""

    def sniff(self, peek: Peek) -> Verdict | None:
        """Is this file mine? Looks at nothing but the peek; never raises."""

    def read(self, files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
        """All rows of all files, each in one bin; memory does not grow with their number."""
