"""Reads invented files as an upload would be, and looks that no row is lost on the way."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from audiospective.imports.opening import opened
from audiospective.imports.plays import SCHEMA, Batch, Broken, Rejected, Skipped
from audiospective.imports.reasons import Reason
from audiospective.imports.sources.base import Answers
from audiospective.imports.survey import Found, Upload
from audiospective.imports.unpacking_limits import Limits

NOW = 1_767_225_600_000  # 2026-01-01


def ms(text: str) -> int:
    """UTC milliseconds of an ISO time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def as_json(value: object) -> bytes:
    """As Spotify and Google write it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@dataclass
class Outcome:
    """Everything that came out, plays in the order of their rows."""

    files: list[Found]
    plays: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    told: list[Batch] = field(default_factory=list)

    @property
    def batches(self) -> int:
        return len(self.told)

    @property
    def sources(self) -> list[str | None]:
        return [file.source for file in self.files]

    @property
    def sentences(self) -> list[str]:
        """Why files were refused, before or while they were read."""
        before = [file.sentence for file in self.files if file.sentence]
        return before + [broken.sentence for broken in self.broken]

    @property
    def rows(self) -> int:
        return len(self.plays) + len(self.skipped) + len(self.rejected)

    @property
    def reasons(self) -> list[Reason]:
        return [one.reason for one in (*self.skipped, *self.rejected)]

    def column(self, name: str) -> list[Any]:
        return [play[name] for play in self.plays]


def read(
    files: Mapping[str, bytes], limits: Limits | None = None, now: int = NOW, **answers: Any
) -> Outcome:
    """What becomes of files by name."""
    with tempfile.TemporaryDirectory() as folder:
        uploads = []
        for number, (name, content) in enumerate(files.items()):
            path = Path(folder) / f"upload-{number}"
            path.write_bytes(content)
            uploads.append(Upload(path, name))
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        with opened(uploads, scratch, limits) as survey:
            outcome = Outcome(list(survey.files))
            for batch in survey.read(Answers(now=now, **answers)):
                _take(batch, outcome)
    outcome.plays.sort(key=lambda play: (play["file"], play["row"]))
    return outcome


def _take(batch: Any, outcome: Outcome) -> None:
    if isinstance(batch, Broken):
        outcome.broken.append(batch)
        return
    whole = batch.whole()
    assert whole.schema == SCHEMA
    plays = [{"file": batch.file, **play} for play in whole.to_dicts()]
    for play in plays:
        assert play["started_at"] is not None or play["ended_at"] is not None
    rows = [play["row"] for play in plays]
    rows += [one.row for one in (*batch.skipped, *batch.rejected)]
    seen = outcome.__dict__.setdefault("seen", set())
    for row in rows:
        assert (batch.file, row) not in seen, "a row came twice"
        seen.add((batch.file, row))
    outcome.plays += plays
    outcome.skipped += batch.skipped
    outcome.rejected += batch.rejected
    outcome.notes += batch.notes
    outcome.told.append(batch)
