"""Maloja's export: one JSON object with all scrobbles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, milliseconds, names, positive, text
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_BY_END = ("import:spotify", "import:audiospective")
_KNOWN = {"time", "track", "duration", "origin"}


def sniff(peek: Peek) -> Verdict | None:
    if peek.opening == "{" and "scrobbles" in peek.keys and {"maloja", "origin"} & peek.keys:
        return Verdict(95)
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, _KNOWN, lambda file: by_row.array(file, "scrobbles"), _take)


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    track = row.get("track")
    artists = _artists(names(inner(track, "artists")))
    # What Maloja itself took from Spotify's files has the time of the end; so have own exports.
    at = "ended_at" if row.get("origin") in _BY_END else "started_at"
    gathering.play(
        number,
        row,
        {
            at: times.unix(row.get("time")),
            "title": text(inner(track, "title")),
            "artist": ", ".join(artists) or None,
            "artists": artists or None,
            "album": text(inner(track, "album", "albumtitle")),
            "album_artist": ", ".join(names(inner(track, "album", "artists"))) or None,
            "length_ms": positive(inner(track, "length"), SECOND),
            "ms_played": milliseconds(row.get("duration"), SECOND),
        },
    )


def _artists(written: list[str]) -> list[str]:
    """Each once, the main artist first: it comes as `[feature, "main • feature"]` too."""
    joined = [name for name in written if " • " in name]
    ordered = [part.strip() for name in joined for part in name.split(" • ")]
    return list(dict.fromkeys([*ordered, *(name for name in written if " • " not in name)]))
