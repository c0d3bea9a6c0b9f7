"""The catalog of what was played: every artist, album and track once, written in bulk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from peewee import IntegrityError, OperationalError

from audiospective.history import bulk_select
from audiospective.history.catalog import merge
from audiospective.models import Album, Artist, Track, TrackArtist, database, transaction
from audiospective.models.base import is_sqlite
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

CHUNK = 500  # rows a statement, far below every database's limit of parameters
CACHED = 20_000  # tracks that this process remembers
_TURN = 0x43415441  # any number that every process of this program agrees on

_KNOWN = "SELECT spotify_id, id, facts FROM tracks WHERE spotify_id {among}"

_cache: dict[str, tuple[int, int]] = {}  # Spotify id -> our id, digest of the facts
_cache_of: list[object] = [None]  # the database that the cache speaks of


def remember(tracks: Iterable[TrackFacts]) -> dict[str, int]:
    """Our id of every track, by Spotify id; what is new or has changed is stored.

    A transaction of its own: a catalog row that nobody ended up playing does no harm, and the
    polls' transaction stays short. Rows are written in the order of their Spotify ids, so that
    two workers that learn the same tracks cannot wait for each other in a circle.
    """
    facts = {track.spotify_id: track for track in tracks}
    digests = {key: digest(track) for key, track in facts.items()}
    known = _cached(digests)
    missing = facts.keys() - known.keys()
    if not missing:
        return known
    wanted = {key: facts[key] for key in sorted(missing)}
    try:
        found = _store(wanted, digests)
    except (IntegrityError, OperationalError):  # another worker learned the same just now
        found = _store(wanted, digests)
    if not database.in_transaction():  # else it may yet be rolled back
        _keep({key: (found[key], digests[key]) for key in found})
    return known | found


def digest(track: TrackFacts) -> int:
    """63 bits that change whenever Spotify says something else about a track."""
    body = hashlib.blake2b(orjson.dumps(track), digest_size=8).digest()
    return int.from_bytes(body, "big") >> 1


def forget() -> None:
    """Empty this process's cache, for when the database was replaced under it."""
    _cache.clear()


def _store(facts: Mapping[str, TrackFacts], digests: Mapping[str, int]) -> dict[str, int]:
    known = _with_digests(facts)
    new = [facts[key] for key in facts if key not in known]
    changed = {known[key][0]: facts[key] for key in known if known[key][1] != digests[key]}
    ids = {key: track_id for key, (track_id, _) in known.items()}
    if not new and not changed:
        return ids
    with transaction():
        _take_turns()
        if changed:
            merge.adopt(changed)
        told = [*new, *changed.values()]
        artists = _store_artists({artist for track in told for artist in track.artists})
        albums = _store_albums({track.album for track in told if track.album})
        _insert(Track, [_track_row(track, albums, digests) for track in new])
        ids |= _ids(Track, [track.spotify_id for track in new])
        _insert(TrackArtist, _credits(new, ids, artists))
        if changed:
            rows = {
                track_id: _track_row(track, albums, digests) for track_id, track in changed.items()
            }
            named = _credits(list(changed.values()), ids, artists)
            merge.renew(rows, named)
    return ids


def _take_turns() -> None:
    """One worker at a time writes the catalog, until its transaction ends.

    What changes touches rows of several tables in an order that their contents decide; two such
    writers would wait for each other in a circle. SQLite has one writer anyway.
    """
    if not is_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(%s, 0)", (_TURN,))


def _store_artists(found: set[ArtistFacts]) -> dict[str, int]:
    return _upsert(Artist, {artist.spotify_id: {"name": artist.name} for artist in found})


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


def _track_row(
    track: TrackFacts, albums: Mapping[str, int], digests: Mapping[str, int]
) -> dict[str, Any]:
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
        "facts": digests[track.spotify_id],
    }


def _credits(
    tracks: Sequence[TrackFacts], ids: Mapping[str, int], artists: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            "track": ids[track.spotify_id],
            "position": position,
            "artist": artists[artist.spotify_id],
        }
        for track in tracks
        for position, artist in enumerate(track.artists)
    ]


def _upsert(model: Any, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Ids by Spotify id. Rows that exist get what is new about them; nothing known is blanked."""
    known = _ids(model, rows)
    new = sorted(rows.keys() - known.keys())
    _insert(model, [{"spotify_id": key, **rows[key]} for key in new])
    merge.amend(model, {known[key]: rows[key] for key in sorted(known)})
    return known | _ids(model, new)


def _insert(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        model.insert_many(rows[start : start + CHUNK]).on_conflict_ignore().execute()


def _ids(model: Any, keys: Iterable[str]) -> dict[str, int]:
    query = f"SELECT spotify_id, id FROM {model._meta.table_name} WHERE spotify_id {{among}}"  # noqa: S608
    return dict(bulk_select.select(query, list(keys)))


def _with_digests(keys: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    rows = bulk_select.select(_KNOWN, list(keys))
    return {key: (track_id, facts) for key, track_id, facts in rows}


def _cached(digests: Mapping[str, int]) -> dict[str, int]:
    if _cache_of[0] is not database.obj:
        _cache.clear()
        _cache_of[0] = database.obj
    entries = ((key, _cache.get(key)) for key in digests)
    return {key: entry[0] for key, entry in entries if entry and entry[1] == digests[key]}


def _keep(entries: Mapping[str, tuple[int, int]]) -> None:
    _cache.update(entries)
    for key in list(_cache)[: max(0, len(_cache) - CACHED)]:  # oldest first
        del _cache[key]
