"""Tidal's streaming.csv: to the minute, each row with a time zone of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.imports.plays import MINUTE, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import milliseconds, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

# Nothing of where the person was: address, client, country, region, city, postal code.
_KNOWN = {"artist_name", "track_title", "entry_date", "stream_duration_ms", "product_type"}
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?\Z", re.ASCII)


def sniff(peek: Peek) -> Verdict | None:
    wanted = {"artist_name", "track_title", "entry_date"}
    return Verdict(95) if wanted <= set(peek.header) else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, _KNOWN, by_row.private_table, _take)


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    facts = {name: None if value == "null" else value for name, value in row.items()}
    if (facts.get("product_type") or "TRACK").upper() != "TRACK":
        gathering.skip(number, Reason.NOT_AUDIO)
        return
    gathering.play(
        number,
        row,
        {
            "started_at": _started(facts.get("entry_date"), _zone(facts.get("time_zone"))),
            "precision": MINUTE,
            "title": text(facts.get("track_title")),
            "artist": text(facts.get("artist_name")),
            "ms_played": milliseconds(facts.get("stream_duration_ms")),
        },
    )


@lru_cache(maxsize=1_000)
def _zone(name: str | None) -> ZoneInfo | None:
    return times.zone(name)


def _started(written: str | None, zone: ZoneInfo | None) -> int | None:
    """The day comes first; without a zone, or with a nonsensical one, the time is UTC."""
    match = _DATE.match((written or "").strip())
    if not match:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
    wall = times.of(times.at(year, month, day, hour, minute, second))
    return times.localized(wall, zone) if wall is not None and zone else wall
