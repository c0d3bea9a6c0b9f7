"""Deezer's personal data: a workbook with one sheet of plays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.imports.errors import NotHistoryError
from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import isrc, milliseconds, text
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import ZONE, Answers, File, Peek, Verdict

_SHEET = re.compile(r"listening_?history$", re.IGNORECASE)
_COLUMNS = {
    "song title": "title",
    "titre": "title",
    "titre du morceau": "title",
    "artist": "artist",
    "artiste": "artist",
    "isrc": "isrc",
    "album title": "album",
    "titre de l'album": "album",
    "album": "album",
    "listening time": "played",
    "temps d'écoute": "played",
    "durée d'écoute": "played",
    "date": "date",
    "date d'écoute": "date",
    "platform name": "platform",
    "nom de la plateforme": "platform",
}
_KNOWN = set(_COLUMNS.values())
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d)\Z", re.ASCII)
_1900, _1904 = date(1899, 12, 30), date(1904, 1, 1)


def sniff(peek: Peek) -> Verdict | None:
    if _sheet(peek):
        return Verdict(95, questions=(_OPTIONAL_ZONE,))
    return None


_OPTIONAL_ZONE = ZONE.optional("Deezer's file names no time zone; without an answer it is UTC.")


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row; many songs with one time are what a phone told after it was offline."""
    zone = times.zone(answers.zone)

    def take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
        gathering.play(
            number,
            {name: str(value) for name, value in row.items()},
            {
                "started_at": _instant(row.get("date"), row.get("1904") is True, zone),
                "zone_known": zone is not None,
                "title": _text(row.get("title")),
                "artist": _text(row.get("artist")),
                "album": _text(row.get("album")),
                "isrc": isrc(row.get("isrc")),
                "ms_played": _played(row.get("played")),
                "platform": text(row.get("platform")),
            },
        )

    yield from by_row.read(files, answers, _KNOWN, _rows, take, shared=True)


def _sheet(peek: Peek) -> str | None:
    return next((name for name in peek.sheets if _SHEET.search(name)), None)


def _rows(file: File) -> by_row.Rows:
    with file.sheet(_sheet(file.peek) or "") as (from_1904, rows):
        names: list[str | None] = []
        for number, cells in enumerate(rows, 1):
            if "date" not in names:
                names = [
                    _COLUMNS.get(str(cell).strip().lower().replace("’", "'")) for cell in cells
                ]
                continue
            row = {name: cell for name, cell in zip(names, cells, strict=False) if name}
            if any(str(cell).strip() for cell in row.values()):
                yield number, {**row, "1904": from_1904}
        if "date" not in names:
            raise NotHistoryError(
                "The columns of its list of plays have names that are not known here; save that"
                " sheet as CSV, where you can say which column is what."
            )


def _text(cell: object) -> str | None:
    """Excel makes numbers of titles like 1999."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return text(str(cell)) if not isinstance(cell, bool) else None


def _played(cell: object) -> int | None:
    """Seconds, or a clock's minutes and seconds; -1 is unknown."""
    clock = _CLOCK.match(cell.strip()) if isinstance(cell, str) else None
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return milliseconds((hours * 60 + minutes) * 60 + seconds, SECOND)
    return milliseconds(cell, SECOND)


def _instant(cell: object, from_1904: bool, zone: ZoneInfo | None) -> int | None:
    """A written time, a cell with a date, or the serial number of a day."""
    if isinstance(cell, datetime):
        wall = times.of(cell.replace(tzinfo=UTC))
    elif isinstance(cell, date):
        wall = times.midnight(cell)
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        day = times.midnight(_1904 if from_1904 else _1900)
        wall = day + round(cell * times.DAY / SECOND) * SECOND if 0 < cell < 1e5 else None
    else:
        return times.iso(cell, zone)
    return times.localized(wall, zone) if wall is not None and zone else wall
