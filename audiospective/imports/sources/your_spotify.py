"""your_spotify, which has no export: what `mongoexport` writes of its collections.

`infos` are the plays; tracks, albums and artists, where they are sent along, give the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, isrc, positive, spotify_id, text
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_KNOWN = {"id", "albumId", "primaryArtistId", "artistIds", "durationMs", "played_at"}
_MOST = 500_000  # names in memory
Names = dict[str, dict[str, Any]]


def sniff(peek: Peek) -> Verdict | None:
    keys = peek.keys
    if {"played_at", "id", "owner"} <= keys and {"albumId", "durationMs", "artistIds"} & keys:
        return Verdict(90, "infos")
    if not {"_id", "id", "uri", "href", "name"} <= keys:
        return None
    if {"album", "artists", "duration_ms"} <= keys:
        return Verdict(80, "tracks", plays=False)
    if {"album_type", "release_date"} <= keys:
        return Verdict(80, "albums", plays=False)
    return Verdict(80, "artists", plays=False) if "genres" in keys else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """The plays of every `infos`, with the names that the other files have."""
    names: dict[str, Names] = {"tracks": {}, "albums": {}, "artists": {}}
    for file in files:
        if file.role != "infos":
            try:
                _learn(file, names[file.role])
            except RefusedError as error:
                yield Broken(file.number, error.sentence)
    plays = [file for file in files if file.role == "infos"]

    def take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
        facts = _facts(row, names)
        if not facts["title"]:
            gathering.note("nameless")
        gathering.identified(number, row, facts)

    yield from by_row.read(plays, answers, _KNOWN, _rows, take)


def _rows(file: File) -> by_row.Rows:
    return by_row.array(file) if file.peek.opening == "[" else by_row.json_lines(file)


def _learn(file: File, names: Names) -> None:
    for _, row in _rows(file):
        item = inner(row, "id")
        if isinstance(item, str) and len(names) < _MOST:
            names[item] = {
                "name": text(inner(row, "name")),
                "album": text(inner(row, "album")),
                "isrc": isrc(inner(row, "external_ids", "isrc")),
            }


def _facts(row: Mapping[str, Any], names: dict[str, Names]) -> dict[str, Any]:
    track = names["tracks"].get(_key(row.get("id")), {})
    written = row.get("artistIds")
    ids = written if isinstance(written, list) else [row.get("primaryArtistId")]
    found = [names["artists"].get(_key(one), {}).get("name") for one in ids]
    artists = [name for name in found if name]
    album = names["albums"].get(_key(row.get("albumId")) or track.get("album") or "", {})
    return {
        "ended_at": _moment(row.get("played_at")),
        "precision": 1,
        "title": track.get("name"),
        "artist": ", ".join(artists) or None,
        "artists": artists or None,
        "album": album.get("name"),
        "spotify_id": spotify_id(row.get("id")),
        "isrc": track.get("isrc"),
        "length_ms": positive(row.get("durationMs")),
    }


def _key(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> int | None:
    """A date of extended JSON in its three forms."""
    date = inner(value, "$date") if isinstance(value, Mapping) else value
    written = inner(date, "$numberLong") if isinstance(date, Mapping) else date
    found = times.iso(written)
    return times.unix(written) if found is None else found
