"""The bit of each source in `plays.seen`: stored for ever, so never changed and never reused."""

from __future__ import annotations

from audiospective.imports.sources import SOURCES, Trust

BITS = {
    name: 1 << number
    for number, name in enumerate(
        (
            "spotify_extended",
            "spotify_account",
            "lastfm",
            "listenbrainz",
            "apple_music",
            "youtube_music",
            "maloja",
            "koito",
            "your_spotify",
            "deezer",
            "tidal",
            "pano",
            "scrobbler_log",
            "librefm",
            "navidrome",
            "generic_csv",
            "jellyfin",
            "audiospective",
        )
    )
}
COMPLETE = ("spotify_extended", "spotify_account")  # the service itself leaves no play out


def trusted(trust: Trust) -> int:
    """The bits of all sources that are trusted so much or more."""
    return sum(BITS[about.name] for about in SOURCES if about.trust >= trust)
