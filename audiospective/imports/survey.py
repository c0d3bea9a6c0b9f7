"""What looking into an upload tells: what each file is, and then their plays, source by source.

It loads no Polars; reading does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from audiospective.imports.plays import Batch, Broken
    from audiospective.imports.sources.base import Answers


@dataclass(frozen=True)
class Upload:
    """One file as it was sent; `name` is what the person's machine called it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Question:
    """Something only the person knows; `kind` names the field of Answers."""

    kind: str
    sentence: str
    choices: tuple[str, ...] = ()
    required: bool = True

    def optional(self, sentence: str) -> Question:
        """The same, where there is an answer that holds without one."""
        return replace(self, sentence=sentence, required=False)


@dataclass(frozen=True)
class Found:
    """One file of the upload. Either `source` is known or `sentence` says what it is instead."""

    number: int
    name: str  # `/` between folders; an archive counts as a folder
    size: int  # bytes, as far as known
    source: str | None
    sentence: str | None = None
    plays: bool = True  # false: only helps to read others, its rows are not counted
    questions: tuple[Question, ...] = ()
    sample: tuple[Mapping[str, str], ...] = ()  # five parsed rows, where a mapping was guessed
    mapping: tuple[tuple[str, str], ...] = ()  # the column of the file for each of ours
    columns: tuple[str, ...] = ()  # all that there are, where the mapping may be corrected


class Survey(Protocol):
    """Made by `imports.opening.opened([Upload, ...], scratch, limits)`, a context manager."""

    @property
    def files(self) -> Sequence[Found]: ...

    def read(self, answers: Answers) -> Iterator[Batch | Broken]:
        """The rows of every recognised file; may be called again with other answers."""
