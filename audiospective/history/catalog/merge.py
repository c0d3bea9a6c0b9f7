"""Late and changed names: known tracks learn their ids, albums, artists and new titles.

An import may know a track's id but only the names of its album and artist. When Spotify says
more, the rows that carry the names get their ids, or give way to rows that have them already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.models import Album, Artist, CatalogVersion, Track, TrackArtist
from audiospective.policy.plays import TrackFacts

CHUNK = 500


def adopt(tracks: Mapping[int, TrackFacts]) -> None:
    """Give ids to the nameless albums and artists of tracks (facts by our id) of which we know."""
    for chunk in _chunks(sorted(tracks)):
        albums = (
            Album.select(Track.id, Album.id, Album.name)
            .join(Track)
            .where(Track.id.in_(chunk) & Album.spotify_id.is_null())
            .order_by(Track.id)
        )
        for track_id, album_id, name in list(albums.tuples()):
            told = tracks[track_id].album
            if told and told.name == name:
                _identify(Album, album_id, told.spotify_id)
        artists = (
            Artist.select(TrackArtist.track, Artist.id, Artist.name)
            .join(TrackArtist)
            .where(TrackArtist.track.in_(chunk) & Artist.spotify_id.is_null())
            .order_by(TrackArtist.track, TrackArtist.position)
        )
        for track_id, artist_id, name in list(artists.tuples()):
            for artist in tracks[track_id].artists:
                if artist.name == name:
                    _identify(Artist, artist_id, artist.spotify_id)


def renew(tracks: Mapping[int, Mapping[str, Any]], named: Sequence[Mapping[str, Any]]) -> None:
    """Write what is new about tracks (rows by our id) and who plays on them now."""
    old_albums = _idless(Album, Track.album, Track.id, tracks)
    old_artists = _idless(Artist, TrackArtist.artist, TrackArtist.track, tracks)
    amend(Track, tracks)
    told = sorted({row["track"] for row in named})  # no artists told: the known ones stay
    for chunk in _chunks(told):
        TrackArtist.delete().where(TrackArtist.track.in_(chunk)).execute()
    for start in range(0, len(named), CHUNK):
        TrackArtist.insert_many(named[start : start + CHUNK]).on_conflict_ignore().execute()
    _drop_unused(Album, Track.album, old_albums)
    _drop_unused(Artist, TrackArtist.artist, old_artists)
    # Last, so that the row is held but briefly: whoever keeps credits in memory reads them anew.
    CatalogVersion.update(version=CatalogVersion.version + 1).execute()


def amend(model: Any, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Update rows (by id) where a value differs; unknown and empty values overwrite nothing.

    Spotify empties the name of an album that it takes down: the archive keeps what it knew.
    """
    for chunk in _chunks(list(rows)):
        known = {row.id: row.__data__ for row in model.select().where(model.id.in_(chunk))}
        for row_id in chunk:
            told = {name: value for name, value in rows[row_id].items() if value not in (None, "")}
            news = {name: value for name, value in told.items() if known[row_id][name] != value}
            if news:
                model.update(**news).where(model.id == row_id).execute()


def _identify(model: Any, row_id: int, spotify_id: str) -> None:
    """The row without an id is this one: it gets the id, or what refers to it moves over."""
    holder = model.get_or_none(model.spotify_id == spotify_id)
    if holder is None:
        query = model.update(spotify_id=spotify_id)
        query.where((model.id == row_id) & model.spotify_id.is_null()).execute()
        return
    if holder.id == row_id:
        return
    if model is Album:
        Track.update(album=holder.id).where(Track.album == row_id).execute()
    else:
        TrackArtist.update(artist=holder.id).where(TrackArtist.artist == row_id).execute()
    model.delete().where((model.id == row_id) & model.spotify_id.is_null()).execute()


def _idless(model: Any, reference: Any, key: Any, tracks: Mapping[int, Any]) -> set[int]:
    found: set[int] = set()
    for chunk in _chunks(sorted(tracks)):
        query = model.select(model.id).join(reference.model, on=reference == model.id)
        rows = query.where(key.in_(chunk) & model.spotify_id.is_null()).tuples()
        found |= {row_id for (row_id,) in rows}
    return found


def _drop_unused(model: Any, reference: Any, ids: set[int]) -> None:
    used = reference.model.select(reference).where(reference.is_null(False))
    for chunk in _chunks(sorted(ids)):
        model.delete().where(model.id.in_(chunk) & model.id.not_in(used)).execute()


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
