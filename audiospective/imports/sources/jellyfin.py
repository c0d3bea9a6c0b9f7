"""Jellyfin's Playback Reporting plugin: a table that names neither artist nor album."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import milliseconds, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import ZONE, Answers, File, Peek, Verdict

_KNOWN = {"datecreated", "itemtype", "itemname", "playduration", "clientname"}


def sniff(peek: Peek) -> Verdict | None:
    wanted = {"datecreated", "itemtype", "itemname", "playduration"}
    return Verdict(95, questions=(ZONE,)) if wanted <= set(peek.header) else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row. The times are the server's own clock, which names no zone."""
    zone = times.zone(answers.zone)

    def take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
        if (row.get("itemtype") or "Audio").lower() != "audio":
            gathering.skip(number, Reason.NOT_AUDIO)
            return
        gathering.play(number, row, _facts(row, zone))

    yield from by_row.read(files, answers, _KNOWN, by_row.private_table, take)


def _facts(row: Mapping[str, Any], zone: ZoneInfo | None) -> dict[str, Any]:
    artist, dash, title = (text(row.get("itemname")) or "").partition(" - ")
    return {
        "started_at": times.iso(row.get("datecreated"), zone),
        "zone_known": zone is not None,
        "title": title if dash else artist,
        "artist": artist if dash else None,
        "ms_played": milliseconds(row.get("playduration"), SECOND),
        "platform": text(row.get("clientname")),
    }
