"""Koito's export: one JSON object with all listens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import own_files, times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, positive, text, uuid
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_NOTHING = re.compile(r'"listens"\s*:\s*\[\s*\]')
_KNOWN = {"listened_at", "client", "track", "album", "artists"}


def sniff(peek: Peek) -> Verdict | None:
    if {"listens", "listened_at", "aliases"} <= peek.keys:
        return Verdict(95)
    nothing = {"version", "exported_at", "user"} <= peek.keys and _NOTHING.search(peek.text)
    return Verdict(95) if nothing else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, _KNOWN, lambda file: by_row.array(file, "listens"), _take)


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    written = row.get("artists")
    found = written if isinstance(written, list) else []
    ordered = sorted(found, key=lambda one: inner(one, "is_primary") is not True)
    artists = [name for name in map(_name, ordered) if name]
    client, at = row.get("client"), times.iso(row.get("listened_at"))
    # What Koito itself took from Spotify's files has the time of the end.
    told = {"ended_at" if client == "spotify" else "started_at": at}
    if own_files.ours(client) or client == own_files.SENT_ON:
        gathering.note(own_files.NOTE)
    gathering.play(
        number,
        row,
        {
            **(own_files.instants(client, at, None) if own_files.ours(client) else told),
            "title": _name(row.get("track")),
            "artist": ", ".join(artists) or None,
            "artists": artists or None,
            "album": _name(row.get("album")),
            "mbid": uuid(inner(row, "track", "mbid")),
            "length_ms": positive(inner(row, "track", "duration"), SECOND),
        },
    )


def _name(thing: object) -> str | None:
    """The alias that is marked as the primary one, else the first."""
    aliases = inner(thing, "aliases")
    if not isinstance(aliases, list):
        return None
    ordered = sorted(aliases, key=lambda one: inner(one, "is_primary") is not True)
    return next((name for one in ordered if (name := text(inner(one, "alias")))), None)
