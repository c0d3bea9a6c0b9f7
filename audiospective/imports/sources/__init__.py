"""The places that people come from, most particular first; a source is loaded when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from audiospective.imports.sources.base import Source


class Trust(IntEnum):
    """Whose word counts when two sources tell of one play: the higher one's."""

    LOW = 1  # cut to minutes or without identity: replaced by anything better
    NORMAL = 2
    HIGH = 3  # the service that played it


@dataclass(frozen=True)
class About:
    """What can be said of a source without loading it (loading needs Polars)."""

    name: str  # also the module
    label: str
    trust: Trust = Trust.NORMAL
    remark: str = ""  # what somebody who sends such files should know

    def load(self) -> Source:
        return cast("Source", import_module(f"{__name__}.{self.name}"))


SOURCES: tuple[About, ...] = (
    About("audiospective", "Audiospective", Trust.HIGH),
    About("spotify_extended", "Spotify extended streaming history", Trust.HIGH),
    About(
        "spotify_account",
        "Spotify account data",
        Trust.LOW,
        "It holds the last year only, to the minute. Spotify's extended streaming history holds"
        " everything and replaces it: ask for it on Spotify's privacy page.",
    ),
    About("lastfm", "Last.fm", remark="Last.fm does not say how long a track was heard."),
    About("listenbrainz", "ListenBrainz"),
    About("apple_music", "Apple Music", Trust.HIGH),
    About(
        "youtube_music",
        "YouTube Music",
        Trust.HIGH,
        "Google Takeout may hold only the last months; My Activity gives all of them as JSON.",
    ),
    About("maloja", "Maloja"),
    About("koito", "Koito"),
    About(
        "your_spotify",
        "your_spotify",
        remark="Send the collections tracks, albums and artists along: they hold the names.",
    ),
    About("deezer", "Deezer", Trust.HIGH),
    About("tidal", "Tidal", Trust.HIGH),
    About("pano", "Pano Scrobbler"),
    About("scrobbler_log", "Rockbox and other .scrobbler.log files"),
    About("librefm", "Libre.fm"),
    About(
        "navidrome",
        "Navidrome",
        remark="Stop the server before copying its database, or send one of its backups.",
    ),
    About(
        "jellyfin",
        "Jellyfin's Playback Reporting",
        remark="It names no artist unless the item is called “Artist - Title”.",
    ),
    About("generic_csv", "A table of another kind", Trust.LOW),
)
