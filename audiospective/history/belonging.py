"""Whether a track, artist or album of the catalog belongs to somebody's archive.

The catalog is shared: what one member heard must not show to another who guesses its number.
"""

from __future__ import annotations

import polars as pl

from audiospective.history import recordings
from audiospective.history.catalog import frames, lookup
from audiospective.history.recordings import Recordings


def holds(user_id: int, kind: str, one: int, at: str | None = None) -> bool:
    """Whether the archive has plays of a "track", an "artist" (any credit counts) or an "album".

    `at` is the version of the archive, if it is known.
    """
    archive = recordings.of(user_id, at).heard
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


def album_elsewhere(same: Recordings, album: int) -> int | None:
    """The album on which all that was heard of `album` counts, None if it counts here, too."""
    own = frames.tracks_of("album", album, same.heard)
    heads = pl.Series([same.head(one) for one in own], dtype=pl.Int32)
    albums = frames.of(heads)["album"].drop_nulls()
    if albums.is_empty() or (albums == album).any():
        return None
    return int(albums.mode().min())  # type: ignore[arg-type]
