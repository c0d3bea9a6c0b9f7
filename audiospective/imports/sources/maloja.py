"""Maloja's export: one JSON object with all scrobbles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import own_files, times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, milliseconds, names, positive, text
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

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
    played = milliseconds(row.get("duration"), SECOND)
    at, origin = times.unix(row.get("time")), row.get("origin")
    # What Maloja itself took from Spotify's files has the time of the end.
    told = {"ended_at" if origin == "import:spotify" else "started_at": at}
    sender = origin.removeprefix("import:") if isinstance(origin, str) else None
    if own_files.ours(sender):
        gathering.note(own_files.NOTE)
    gathering.play(
        number,
        row,
        {
            **(own_files.instants(sender, at, played) if own_files.ours(sender) else told),
            "title": text(inner(track, "title")),
            "artist": ", ".join(artists) or None,
            "artists": artists or None,
            "album": text(inner(track, "album", "albumtitle")),
            "album_artist": ", ".join(names(inner(track, "album", "artists"))) or None,
            "length_ms": positive(inner(track, "length"), SECOND),
            "ms_played": played,
        },
    )


def _artists(written: list[str]) -> list[str]:
    """Each once, the main artist first: it comes as `[feature, "main • feature"]` too."""
    joined = [name for name in written if " • " in name]
    ordered = [part.strip() for name in joined for part in name.split(" • ")]
    return list(dict.fromkeys([*ordered, *(name for name in written if " • " not in name)]))
