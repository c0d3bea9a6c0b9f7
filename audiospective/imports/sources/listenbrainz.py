"""ListenBrainz: the zip with a file for each month, and the single list of older exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import own_files, times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import (
    inner,
    isrc,
    milliseconds,
    names,
    positive,
    spotify_id,
    text,
    uuid,
)
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

KNOWN = {"listened_at", "track_metadata"}
# ListenBrainz reads Spotify itself, live and from files, and then writes the time of the end.
_OWN_READERS = ("listenbrainz", "ListenBrainz Archive Importer")


def sniff(peek: Peek) -> Verdict | None:
    if {"listened_at", "track_metadata"} <= peek.keys:
        return Verdict(90, "list" if peek.opening == "[" else "lines")
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    return by_row.read(files, answers, KNOWN, _rows, take)


def _rows(file: File) -> by_row.Rows:
    return by_row.array(file) if file.role == "list" else by_row.json_lines(file)


def take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    metadata = row.get("track_metadata")
    more = inner(metadata, "additional_info")
    artists = names(inner(more, "artist_names"))
    track_id = spotify_id(inner(more, "spotify_id")) or spotify_id(inner(more, "origin_url"))
    mbid = inner(metadata, "mbid_mapping", "recording_mbid") or inner(more, "recording_mbid")
    played = milliseconds(inner(more, "ms_played"))
    if played is None:
        played = milliseconds(inner(more, "duration_played"), SECOND)
    at, sender = times.unix(row.get("listened_at")), inner(more, "submission_client")
    told = {"ended_at" if _from_spotify(more) else "started_at": at}
    if own_files.ours(sender) or sender == own_files.SENT_ON:
        gathering.note(own_files.NOTE)
    # What is sent on live is told by its beginning, as players do.
    gathering.play(
        number,
        row,
        {
            **(own_files.instants(sender, at, played) if own_files.ours(sender) else told),
            "title": text(inner(metadata, "track_name")),
            "artist": text(inner(metadata, "artist_name")) or ", ".join(artists) or None,
            "artists": artists or None,
            "album": text(inner(metadata, "release_name")),
            "album_artist": text(inner(more, "release_artist_name")),
            "spotify_id": track_id,
            "isrc": isrc(inner(more, "isrc")),
            "mbid": uuid(mbid),
            "length_ms": positive(inner(more, "duration_ms"))
            or positive(inner(more, "duration"), SECOND),
            "ms_played": played,
            "platform": text(inner(more, "media_player")),
        },
    )


def _from_spotify(more: object) -> bool:
    service = inner(more, "music_service")
    if inner(more, "submission_client") in _OWN_READERS:
        return bool(service == "spotify.com")
    return bool(inner(more, "listening_from") == "spotify" and not inner(more, "submission_client"))
