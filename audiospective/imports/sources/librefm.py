"""Libre.fm's table of plays, also where another program wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import text
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_KNOWN = {"artist", "track", "album", "time"}
_COMMENTS = ("#", "+ACM-")  # the second is how UTF-7 writes the first


def sniff(peek: Peek) -> Verdict | None:
    """Few columns, and the time as Unix seconds."""
    columns = set(peek.header)
    if not {"artist", "track", "time"} <= columns <= {*_KNOWN, "userid"}:
        return None
    return Verdict(85) if times.unix(peek.first.get("time")) or not peek.first else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, _KNOWN, lambda file: by_row.table(file, _COMMENTS), _take)


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    gathering.play(
        number,
        row,
        {
            "started_at": times.unix(row.get("time")),
            "title": text(row.get("track")),
            "artist": text(row.get("artist")),
            "album": text(row.get("album")),
        },
    )
