"""Spotify's account data: the last year, to the minute and without ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import MINUTE, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import milliseconds, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_KNOWN = {
    *("endTime", "msPlayed", "artistName", "trackName", "podcastName", "episodeName"),
    *("audiobookName", "authorName", "chapterName"),
}
_NAMELESS = ("Unknown Artist", "Unknown Track")
_TOGETHER = 10_000  # rows of one minute; more are no listening

Row = tuple[int, Mapping[str, Any]]


def sniff(peek: Peek) -> Verdict | None:
    return Verdict(95) if {"endTime", "msPlayed"} <= peek.keys else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row; those of one minute, which are in the order they were played, spread within it."""
    for file in files:
        gathering = Gathering(file.number, answers.now, _KNOWN)
        minute: list[Row] = []
        try:
            for number, row in by_row.array(file):
                if not isinstance(row, Mapping):
                    gathering.reject(number, Reason.UNREADABLE_ROW, row)
                    continue
                if minute and (
                    row.get("endTime") != minute[0][1].get("endTime") or len(minute) == _TOGETHER
                ):
                    _spread(gathering, minute)
                    minute = []
                    yield from gathering.full()
                minute.append((number, row))
            _spread(gathering, minute)
            yield from gathering.rest()
        except RefusedError as error:
            yield Broken(file.number, error.sentence)


def _spread(gathering: Gathering, rows: Sequence[Row]) -> None:
    """Each ends as long after the one before as it was played, all of them within the minute."""
    played = [milliseconds(row.get("msPlayed")) for _, row in rows]
    later = 0
    offsets: list[int] = []
    for one in played:
        later += max(1, one or 0) if offsets else 0
        offsets.append(later)
    narrow = min(1.0, (MINUTE - 1) / max(1, later))
    for (number, row), length, offset in zip(rows, played, offsets, strict=True):
        minute = times.iso(row.get("endTime"))
        ended = None if minute is None else minute + int(offset * narrow)
        facts = {**_facts(row), "ended_at": ended, "precision": MINUTE, "ms_played": length}
        if facts["kind"] == "unknown":
            gathering.note("unknown_item")
        if row.get("msPlayed") is not None and length is None:
            gathering.note("unreadable_ms_played")
        gathering.play(number, row, facts)


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was played; Spotify itself writes "Unknown Artist" for what it has forgotten."""
    if "podcastName" in row or "episodeName" in row:
        return {
            "kind": "episode",
            "title": text(row.get("episodeName")),
            "show": text(row.get("podcastName")),
        }
    if "audiobookName" in row:
        book = text(row.get("audiobookName"))
        return {
            "kind": "chapter",
            "title": text(row.get("chapterName")) or book,
            "show": book,
            "artist": text(row.get("authorName")),
        }
    title, artist = text(row.get("trackName")), text(row.get("artistName"))
    if (artist, title) == _NAMELESS:
        return {"kind": "unknown"}
    return {"kind": "track", "title": title, "album_artist": artist}
