"""The catalog of what was played: every artist, album and track once, written in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audiospective.clients.recently_played import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.models import Album, Artist, Track, TrackArtist, transaction

CHUNK = 500  # rows a statement, far below every database's limit of parameters


def remember(tracks: Iterable[TrackFacts]) -> dict[str, int]:
    """Our id of every track, by Spotify id; what is new is stored with its album and artists.

    A transaction of its own: a catalog row that nobody ended up playing does no harm, and the
    polls' transaction stays short. Rows are written in the order of their Spotify ids, so that
    two workers that learn the same tracks cannot wait for each other in a circle.
    """
    facts = {track.spotify_id: track for track in tracks}
    known = _ids(Track, facts)
    new = [facts[key] for key in sorted(facts.keys() - known.keys())]
    if not new:
        return known
    with transaction():
        artists = _store_artists({artist for track in new for artist in track.artists})
        albums = _store_albums({track.album for track in new if track.album})
        _insert(Track, [_track_row(track, albums) for track in new])
        fresh = _ids(Track, [track.spotify_id for track in new])
        _insert(
            TrackArtist,
            [
                {
                    "track": fresh[track.spotify_id],
                    "position": position,
                    "artist": artists[artist.spotify_id],
                }
                for track in new
                for position, artist in enumerate(track.artists)
            ],
        )
    return known | fresh


def _store_artists(found: set[ArtistFacts]) -> dict[str, int]:
    rows = {artist.spotify_id: {"name": artist.name} for artist in found}
    return _upsert(Artist, rows)


def _store_albums(found: set[AlbumFacts]) -> dict[str, int]:
    rows = {
        album.spotify_id: {
            "name": album.name,
            "album_type": album.album_type,
            "release_date": album.release_date,
            "release_date_precision": album.release_date_precision,
            "total_tracks": album.total_tracks,
            "image_url": album.image_url,
        }
        for album in found
    }
    return _upsert(Album, rows)


def _track_row(track: TrackFacts, albums: Mapping[str, int]) -> dict[str, Any]:
    return {
        "spotify_id": track.spotify_id,
        "kind": track.kind,
        "name": track.name,
        "album": albums[track.album.spotify_id] if track.album else None,
        "duration_ms": track.duration_ms,
        "explicit": track.explicit,
        "isrc": track.isrc,
        "disc_number": track.disc_number,
        "track_number": track.track_number,
    }


def _upsert(model: Any, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    known = _ids(model, rows)
    new = sorted(rows.keys() - known.keys())
    _insert(model, [{"spotify_id": key, **rows[key]} for key in new])
    return known | _ids(model, new)


def _insert(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        model.insert_many(rows[start : start + CHUNK]).on_conflict_ignore().execute()


def _ids(model: Any, keys: Iterable[str]) -> dict[str, int]:
    wanted = sorted(keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = model.select(model.spotify_id, model.id).where(
            model.spotify_id.in_(wanted[start : start + CHUNK])
        )
        found.update(rows.tuples())
    return found
