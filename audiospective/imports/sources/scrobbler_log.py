"""`.scrobbler.log`, which Rockbox and other players without a network write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import tables, times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import positive, text, uuid
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import ZONE, Answers, File, Peek, Verdict

_MAGIC = "#AUDIOSCROBBLER/"
_COLUMNS = ("artist", "album", "title", "number", "length", "rating", "timestamp", "mbid")
_UNTAGGED = "<Untagged>"
_COMMENT = re.compile(r"#(ARTIST\t|[^\t]*\Z)")  # artists begin with # as well


def sniff(peek: Peek) -> Verdict | None:
    if not peek.text.upper().startswith(_MAGIC):
        return None
    return Verdict(98, questions=() if _utc(peek) else (ZONE,))


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row. The player's clock knows no zone unless its first lines say UTC."""
    for file in files:
        utc = _utc(file.peek)
        zone = None if utc else times.zone(answers.zone)

        def take(
            gathering: Gathering,
            number: int,
            row: Mapping[str, Any],
            utc: bool = utc,
            zone: ZoneInfo | None = zone,
        ) -> None:
            started = times.unix(row.get("timestamp"))
            if started is not None and zone is not None:
                started = times.localized(started, zone)
            known = utc or zone is not None
            gathering.play(number, row, {**_facts(row), "started_at": started, "zone_known": known})

        yield from by_row.read([file], answers, _COLUMNS, _rows, take)


def _utc(peek: Peek) -> bool:
    return "#TZ/UTC" in peek.text[:2_000].upper().split()


def _rows(file: File) -> by_row.Rows:
    """Tabs part the fields and quotes mean nothing."""
    with file.open() as stream:
        for number, line in enumerate(tables.lines(stream), 1):
            if line.strip() and not _COMMENT.match(line):
                row = tables.Row(number, line, line.split("\t"))
                yield from by_row.named(_COLUMNS, [row])


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    length = positive(row.get("length"), SECOND)
    artist = text(row.get("artist"))
    return {
        "title": text(row.get("title")),
        "artist": None if artist == _UNTAGGED else artist,
        "album": text(row.get("album")),
        "mbid": uuid(row.get("mbid")),
        "length_ms": length,
        "skipped": {"L": False, "S": True}.get(row.get("rating", "")),
    }
