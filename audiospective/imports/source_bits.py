"""The bit of each source in `plays.seen`: stored for ever, so a new source goes to the end."""

from __future__ import annotations

from audiospective.imports.sources import SOURCES, Trust

LISTENS = "listens"  # no file: players and scrobblers send them one by one, see listens.py
LISTENS_TRUST = Trust.NORMAL
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
            LISTENS,  # `models.plays.SENT_LIVE`
        )
    )
}
COMPLETE = ("spotify_extended", "spotify_account")  # the service itself leaves no play out


def trusted(trust: Trust) -> int:
    """The bits of all sources that are trusted so much or more."""
    live = BITS[LISTENS] if trust <= LISTENS_TRUST else 0
    return live + sum(BITS[about.name] for about in SOURCES if about.trust >= trust)
