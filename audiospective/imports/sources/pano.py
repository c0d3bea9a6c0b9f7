"""Pano Scrobbler's log file, as JSON lines or as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import tables, times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import positive, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_COLUMNS = (
    *("timehuman", "timems", "artist", "track", "album", "albumartist", "durationms"),
    *("mediaplayerpackage", "mediaplayername", "mediaplayerversion", "event"),
)
_KNOWN = {*_COLUMNS, "timeHuman", "timeMs", "albumArtist", "durationMs", "mediaPlayerName"}


def sniff(peek: Peek) -> Verdict | None:
    if {"timeMs", "artist", "track"} <= peek.keys:
        return Verdict(90, "list" if peek.opening == "[" else "lines")
    return Verdict(90, "table") if {"timems", "artist", "track"} <= set(peek.header) else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, _KNOWN, _rows, _take)


def _rows(file: File) -> by_row.Rows:
    if file.role == "table":
        return _table(file)
    return by_row.array(file) if file.role == "list" else by_row.json_lines(file)


def _table(file: File) -> by_row.Rows:
    """Later versions added columns at the end, rows with their header's and with more fields."""
    with file.open() as stream:
        header, rows = tables.table(stream)
        names = [name.lower() for name in header]
        if names == list(_COLUMNS[: len(names)]):
            names = list(_COLUMNS)
        yield from by_row.named(names, rows)


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    facts = {name.lower(): None if value == "null" else value for name, value in row.items()}
    if facts.get("event") not in (None, "", "scrobble"):
        gathering.skip(number, Reason.LOVE_EVENT)
        return
    gathering.play(
        number,
        row,
        {
            "started_at": times.unix(facts.get("timems")),
            "precision": 1,
            "title": text(facts.get("track")),
            "artist": text(facts.get("artist")),
            "album": text(facts.get("album")),
            "album_artist": text(facts.get("albumartist")),
            "length_ms": positive(facts.get("durationms")),
            "platform": text(facts.get("mediaplayername")),
        },
    )
