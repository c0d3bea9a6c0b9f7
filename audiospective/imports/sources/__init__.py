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

    def load(self) -> Source:
        return cast("Source", import_module(f"{__name__}.{self.name}"))


SOURCES: tuple[About, ...] = (
    About("audiospective", "Audiospective", Trust.HIGH),
    About("spotify_extended", "Spotify extended streaming history", Trust.HIGH),
    About("spotify_account", "Spotify account data", Trust.LOW),
    About("lastfm", "Last.fm"),
    About("listenbrainz", "ListenBrainz"),
    About("apple_music", "Apple Music", Trust.HIGH),
    About("youtube_music", "YouTube Music", Trust.HIGH),
    About("maloja", "Maloja"),
    About("koito", "Koito"),
    About("your_spotify", "your_spotify"),
    About("deezer", "Deezer", Trust.HIGH),
    About("tidal", "Tidal", Trust.HIGH),
    About("pano", "Pano Scrobbler"),
    About("scrobbler_log", "Rockbox and other .scrobbler.log files"),
    About("librefm", "Libre.fm"),
    About("navidrome", "Navidrome"),
    About("jellyfin", "Jellyfin's Playback Reporting"),
    About("generic_csv", "A table of another kind", Trust.LOW),
)


def about(name: str) -> About:
    """The source of that name; raises KeyError."""
    return next(one for one in SOURCES if one.name == name)
