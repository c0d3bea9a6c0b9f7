"""Opens an upload: finds its files, says what each is, and reads their plays source by source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from audiospective import log
from audiospective.imports import unknown_files
from audiospective.imports.containers import workbooks
from audiospective.imports.containers.budget import Budget
from audiospective.imports.containers.members import Member, Opener
from audiospective.imports.duplicate_files import Recognised, doubled
from audiospective.imports.errors import RefusedError
from audiospective.imports.sources import SOURCES, About
from audiospective.imports.sources.base import Answers, Examined, Peek, Verdict
from audiospective.imports.survey import Found, Survey, Upload
from audiospective.imports.unpacking_limits import Limits

if TYPE_CHECKING:
    from audiospective.imports.plays import Batch, Broken

OURS = "It could not be read; the fault is ours, not the file's."
GUESS = 50  # a verdict that a name may overrule


@contextmanager
def opened(
    uploads: Sequence[Upload],
    scratch: Path,
    limits: Limits | None = None,
    answers: Answers | None = None,
) -> Iterator[Survey]:
    """What is in the files; never raises for what they hold, a refused file has a sentence.

    `scratch` is an empty folder on the disk; what is written there is for the caller to remove.
    """
    budget = Budget(limits or Limits())
    with ExitStack() as stack:
        opener = Opener(scratch, budget, stack)
        survey = _Survey(budget, answers or Answers(now=0))
        for upload in uploads:
            for member in opener.members(upload.path, upload.name):
                survey.add(member, opener)
        survey.leave_out_doubles()
        yield survey


@dataclass(frozen=True)
class _File:
    """A recognised file, as sources see it."""

    number: int
    peek: Peek
    role: str
    member: Member
    opener: Opener

    def open(self) -> BinaryIO:
        return self.member.open()

    def path(self) -> Path:
        return self.member.path or self.opener.copy(self.member)

    def sheet(self, name: str) -> AbstractContextManager[tuple[bool, Iterator[list[Any]]]]:
        return workbooks.rows(self.path(), name, self.opener.budget)


class _Survey:
    def __init__(self, budget: Budget, answers: Answers) -> None:
        self._answers = answers
        self.files: list[Found] = []
        self._budget = budget
        self._of: dict[str, list[_File]] = defaultdict(list)

    def add(self, member: Member, opener: Opener) -> None:
        number = len(self.files)
        try:
            peek = Peek(member.name, member.head(), member.size, member.sheets)
        except RefusedError as error:
            self.files.append(Found(number, member.name, member.size, None, error.sentence))
            return
        about, verdict = wanted(peek)
        if about is None or verdict is None:
            sentence = unknown_files.sentence(peek)
            self.files.append(Found(number, member.name, member.size, None, sentence))
            return
        file = _File(number, peek, verdict.role, member, opener)
        try:
            examined = _examined(about, file, self._answers)
        except RefusedError as error:
            self.files.append(Found(number, member.name, member.size, None, error.sentence))
            return
        self._of[about.name].append(file)
        self.files.append(
            Found(
                number,
                member.name,
                member.size,
                about.name,
                plays=verdict.plays,
                questions=verdict.questions + examined.questions,
                sample=tuple(examined.sample),
                mapping=tuple(examined.mapping.items()),
                columns=examined.columns,
            )
        )

    def leave_out_doubles(self) -> None:
        """What is in the upload in several forms is read in one of them."""
        told = [
            Recognised(file.number, file.peek.name, source, file.role)
            for source, files in self._of.items()
            for file in files
        ]
        left_out = doubled(told)
        for source, files in self._of.items():
            self._of[source] = [file for file in files if file.number not in left_out]
        for number, sentence in left_out.items():
            found = self.files[number]
            self.files[number] = Found(number, found.name, found.size, None, sentence)

    def read(self, answers: Answers) -> Iterator[Batch | Broken]:
        self._budget.read = 0
        for about in SOURCES:
            if files := self._of.get(about.name):
                yield from _read(about, files, answers)


def wanted(peek: Peek) -> tuple[About | None, Verdict | None]:
    """The source that reads the file; nothing for one that by its name holds no plays."""
    about, verdict = recognised(peek)
    if verdict and verdict.sure <= GUESS and unknown_files.known(peek) is not None:
        return None, None
    return about, verdict


def recognised(peek: Peek) -> tuple[About | None, Verdict | None]:
    """The source that is surest of the file, of two the one that stands first."""
    best: tuple[About | None, Verdict | None] = (None, None)
    for about in SOURCES:
        verdict = about.load().sniff(peek)
        if verdict and (best[1] is None or verdict.sure > best[1].sure):
            best = about, verdict
    return best


def _examined(about: About, file: _File, answers: Answers) -> Examined:
    """What only a look through the whole file tells, for sources that need one."""
    examine = getattr(about.load(), "examine", None)
    try:
        return examine(file, answers) if examine else Examined()
    except RefusedError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the file cannot be read
        log.trouble("import_file_not_examined", error, source=about.name)
        raise RefusedError(OURS) from None


def _read(about: About, files: Sequence[_File], answers: Answers) -> Iterator[Batch | Broken]:
    from audiospective.imports.plays import Broken

    try:
        yield from about.load().read(files, answers)
    except Exception as error:  # noqa: BLE001 - whatever it is, the files cannot be read
        log.trouble("import_files_not_read", error, source=about.name)
        for file in files:
            yield Broken(file.number, OURS)
