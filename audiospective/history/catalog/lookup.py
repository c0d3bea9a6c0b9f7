"""Names for the few catalog ids that a page shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from peewee import JOIN

from audiospective.models import Album, Artist, Track, TrackArtist

CHUNK = 500  # ids a statement


@dataclass(frozen=True)
class TrackNames:
    """A track with its album and its artists, (id, name) in Spotify's order."""

    id: int
    spotify_id: str | None
    kind: str
    title: str
    duration_ms: int | None
    album_id: int | None
    album: str | None
    image_url: str | None
    artists: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Named:
    """An artist, or an album with its picture."""

    id: int
    spotify_id: str | None
    name: str
    image_url: str | None = None


def tracks(ids: Collection[int]) -> dict[int, TrackNames]:
    """What tracks are called, by id; two queries for every 500.

    An id that the catalog lacks (a backup put back in part) gets an empty title, never an error.
    """
    found = {one: TrackNames(one, None, "track", "", None, None, None, None) for one in ids}
    for chunk in _chunks(ids):
        rows = (
            Track.select(
                Track.id,
                Track.spotify_id,
                Track.kind,
                Track.name,
                Track.duration_ms,
                Album.id,
                Album.name,
                Album.image_url,
            )
            .join(Album, JOIN.LEFT_OUTER)
            .where(Track.id.in_(chunk))
        )
        found.update((row[0], TrackNames(*row)) for row in rows.tuples())
        credits_ = (
            TrackArtist.select(TrackArtist.track, Artist.id, Artist.name)
            .join(Artist)
            .where(TrackArtist.track.in_(chunk))
            .order_by(TrackArtist.track, TrackArtist.position)
        )
        for track_id, artist_id, name in credits_.tuples():
            found[track_id].artists.append((artist_id, name))
    return found


def artists(ids: Collection[int]) -> dict[int, Named]:
    """What artists are called, by id."""
    found: dict[int, Named] = {}
    for chunk in _chunks(ids):
        rows = Artist.select(Artist.id, Artist.spotify_id, Artist.name).where(Artist.id.in_(chunk))
        found.update((row[0], Named(*row)) for row in rows.tuples())
    return found


def albums(ids: Collection[int]) -> dict[int, Named]:
    """What albums are called, by id, with their pictures."""
    found: dict[int, Named] = {}
    for chunk in _chunks(ids):
        rows = Album.select(Album.id, Album.spotify_id, Album.name, Album.image_url).where(
            Album.id.in_(chunk)
        )
        found.update((row[0], Named(*row)) for row in rows.tuples())
    return found


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
