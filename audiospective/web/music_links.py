"""Where tracks, albums and artists live: on this site and at Spotify."""

from __future__ import annotations

from flask import current_app


def page(kind: str, one: int) -> str | None:
    """The page of a track, album or artist, None where this application has none."""
    start = f"/{kind}s/<"
    if any(rule.rule.startswith(start) for rule in current_app.url_map.iter_rules()):
        return f"/{kind}s/{one}"
    return None


def spotify(kind: str, spotify_id: str | None) -> str | None:
    """Where an item lives at Spotify; None where only an import named it."""
    return f"https://open.spotify.com/{kind}/{spotify_id}" if spotify_id else None
