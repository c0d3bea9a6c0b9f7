"""Last.fm, which has no export of its own: the files of the tools that fetch it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import MINUTE, Batch, Broken
from audiospective.imports.reading import tables, times
from audiospective.imports.reading.delimited import split
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, text, uuid
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_KNOWN = {
    *("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid"),
    *("name", "mbid", "date", "albumid", "@attr", "day", "time", "title"),
}
_DATE = re.compile(r"(\d{1,2}) (\w{3}) (\d{4}),? (\d{1,2}):(\d\d)\Z")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LIST = ("artist", "album", "track", "date")  # lastfm-to-csv writes no header
_BACKUP = ("day", "time", "artist", "title")  # nor does lastfm-backup-cli


def sniff(peek: Peek) -> Verdict | None:
    role = _role(peek)
    return Verdict(90, role) if role else None


def _role(peek: Peek) -> str | None:
    header = set(peek.header)
    if peek.keys:
        if {"uts", "artist", "name"} <= peek.keys and {"#text", "mbid"} & peek.keys:
            return "pages" if peek.opening == "[" else "page"
        if {"scrobbles", "track", "artist", "date"} <= peek.keys and "maloja" not in peek.keys:
            return "stats json"
        return None
    if {"uts", "artist", "track"} <= header:
        return "table"
    if {"artist", "track"} <= header and any(name.startswith("date#") for name in header):
        return "stats table"
    first = split(peek.lines[0], ",") if peek.lines and peek.opening != "" else []
    if len(first) == len(_LIST) and _minute(first[3]):
        return "list"
    if len(first) == len(_BACKUP) and times.iso(f"{first[0]} {first[1]}"):
        return "backup"
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row; where many share one time they were carried over from elsewhere at once."""
    for file in files:
        rows, take = _READERS[file.role]
        yield from by_row.read([file], answers, _KNOWN, rows, take, shared=True)


def _pages(file: File, key: str | None = None) -> by_row.Rows:
    number = 0
    for _, value in by_row.array(file, key):
        for track in _tracks(value):
            number += 1
            yield number, track


def _tracks(value: Any) -> list[Any]:
    """The tracks of a page, which has an object instead of a list when there is one."""
    if isinstance(value, list):
        return [
            track for one in value for track in (_tracks(one) if inner(one, "track") else [one])
        ]
    page = value.get("recenttracks", value) if isinstance(value, Mapping) else value
    tracks = inner(page, "track")
    if isinstance(tracks, list):
        return tracks
    return [tracks] if isinstance(tracks, Mapping) else [value]


def _track(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    if inner(row, "@attr", "nowplaying") and not row.get("date"):
        gathering.skip(number, Reason.NOW_PLAYING)
        return
    gathering.play(
        number,
        row,
        {
            "started_at": times.unix(inner(row, "date", "uts")),
            "title": text(row.get("name")),
            "artist": _named(row.get("artist")),
            "album": _named(row.get("album")),
            "mbid": uuid(row.get("mbid")),
        },
    )


def _named(thing: object) -> str | None:
    return text(inner(thing, "#text")) or text(inner(thing, "name")) or text(thing)


def _stats(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    # The column is called Date#NAME.
    date = next((row[name] for name in row if name.startswith("date")), None)
    facts = {"title": text(row.get("track")), "album": text(row.get("album"))}
    started = times.unix(date)
    gathering.play(number, row, {**facts, "artist": text(row.get("artist")), "started_at": started})


def _columns(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    gathering.play(
        number,
        row,
        {
            "started_at": times.unix(row.get("uts")),
            "title": text(row.get("track")),
            "artist": text(row.get("artist")),
            "album": text(row.get("album")),
            "mbid": uuid(row.get("track_mbid")),
        },
    )


def _minutes(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    facts = {"title": text(row["track"]), "artist": text(row["artist"])}
    started = _minute(row["date"])
    album = text(row["album"])
    more = {"album": album, "started_at": started, "precision": MINUTE}
    gathering.play(number, row, facts | more)


def _backup(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    facts = {"title": text(row["title"]), "artist": text(row["artist"])}
    gathering.play(number, row, {**facts, "started_at": times.iso(f"{row['day']} {row['time']}")})


def _minute(written: str) -> int | None:
    """UTC milliseconds of `22 Mar 2021 16:55`, with or without a comma."""
    match = _DATE.match(written.strip())
    if not match or match[2].title() not in _MONTHS:
        return None
    month = _MONTHS.index(match[2].title()) + 1
    day, year, hour, minute = (int(match[part]) for part in (1, 3, 4, 5))
    return times.of(times.at(year, month, day, hour, minute, 0))


def _headless(names: Sequence[str]) -> Callable[[File], by_row.Rows]:
    def rows(file: File) -> by_row.Rows:
        with file.open() as stream:
            lines = tables.lines(stream)
            numbered = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
            for number, row in by_row.named(names, tables.rows(numbered, ",", len(names))):
                short = isinstance(row, Mapping) and len(row) < len(names)
                yield number, tuple(row.values()) if short else row

    return rows


_READERS: dict[str, tuple[Callable[[File], by_row.Rows], by_row.Take]] = {
    "pages": (_pages, _track),
    "page": (lambda file: _pages(file, "track"), _track),
    "stats json": (lambda file: by_row.array(file, "scrobbles"), _stats),
    "table": (by_row.table, _columns),
    "stats table": (by_row.table, _stats),
    "list": (_headless(_LIST), _minutes),
    "backup": (_headless(_BACKUP), _backup),
}
