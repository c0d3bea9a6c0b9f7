"""What the catalog keeps of artists, albums and tracks: plain values; ids are its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple


class Kind(IntEnum):
    """The number stands in the keys of stored rows."""

    ARTIST = 1
    ALBUM = 2
    TRACK = 3


class Artist(NamedTuple):
    """`spotify_id` is None where only an import named the artist."""

    spotify_id: str | None
    name: str


class Album(NamedTuple):
    """`release_date` is text, as precise as `release_date_precision` (year, month, day)."""

    spotify_id: str | None
    name: str
    album_type: str | None = None
    release_date: str | None = None
    release_date_precision: str | None = None
    total_tracks: int | None = None
    image_url: str | None = None  # on Spotify's image host; pictures are never copied


class Track(NamedTuple):
    """A track, episode or chapter; everything but the name may be unknown.

    `artists` are in Spotify's order. `described` is False while only an import named the track.
    """

    spotify_id: str | None
    name: str
    kind: str = "track"
    album: int | None = None
    artists: tuple[int, ...] = ()
    duration_ms: int | None = None
    explicit: bool | None = None
    isrc: str | None = None
    disc_number: int | None = None
    track_number: int | None = None
    described: bool = False


Entry = Artist | Album | Track


def changed(entry: Entry, values: Mapping[str, Any]) -> Entry:
    """An entry with other values of its fields."""
    return entry._replace(**values)
