"""Whether a track, artist or album of the catalog belongs to somebody's archive.

The catalog is shared: what one member heard must not show to another who guesses its number.
"""

from __future__ import annotations

from audiospective.history import recordings
from audiospective.history.catalog import frames, lookup


def holds(user_id: int, kind: str, one: int) -> bool:
    """Whether the archive has plays of a "track", an "artist" (any credit counts) or an "album"."""
    archive = recordings.of(user_id).heard
    if kind == "track":
        return bool((archive == one).any())
    return not frames.tracks_of(kind, one, archive).is_empty()


def name(user_id: int, kind: str, one: int) -> str | None:
    """What it is called, None if it is not in the archive."""
    if not holds(user_id, kind, one):
        return None
    if kind == "track":
        return lookup.tracks([one])[one].title
    found = (lookup.artists if kind == "artist" else lookup.albums)([one])
    return found[one].name if one in found else None
