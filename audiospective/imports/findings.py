"""What was found in the files of an import, as it is kept with it and shown to its member."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from audiospective.imports.choices import of_this_release


@dataclass
class FoundFile:
    """One file, archives opened. `source` None: not read, `sentence` says why.

    `helps`: it only helps to read others. `rows` = `plays` + skipped + rejected (by reason).
    """

    number: int
    name: str
    size: int
    source: str | None
    sentence: str | None = None
    helps: bool = False
    rows: int = 0
    plays: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    first_at: int | None = None  # UTC ms of the plays
    last_at: int | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)
    sample: list[dict[str, str]] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)  # of a table whose mapping may be corrected


@dataclass
class Findings:
    """`tracks` is how many different ones the plays name, `answers` what reading was told.

    `review` is what `imports.review` made of them, as plain values.
    """

    files: list[FoundFile] = field(default_factory=list)
    tracks: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    review: dict[str, Any] | None = None
    restore: dict[str, Any] | None = None  # what a bundle of ours brings back, see imports.restore

    @property
    def restores(self) -> bool:
        """Whether it puts a whole archive back, instead of adding plays to one."""
        return bool(self.restore and self.restore["possible"])

    @property
    def plays(self) -> int:
        """Of all files."""
        return sum(file.plays for file in self.files)

    @property
    def asks(self) -> bool:
        """Whether the files may have to be read again with other answers."""
        return any(file.questions or file.columns for file in self.files)

    def dumps(self) -> str:
        return orjson.dumps(asdict(self), option=orjson.OPT_NON_STR_KEYS).decode()

    @classmethod
    def loads(cls, text: str | bytes) -> Findings:
        told = orjson.loads(text)
        files = [FoundFile(**of_this_release(FoundFile, one)) for one in told.pop("files", ())]
        return cls(files, **of_this_release(cls, told))
