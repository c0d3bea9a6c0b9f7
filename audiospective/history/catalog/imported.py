"""Catalog rows for what an import names: tracks perhaps with ids, albums and artists without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from peewee import JOIN

from audiospective.models import Album, Artist, Track, TrackArtist, transaction

CHUNK = 400


class Named(NamedTuple):
    """What an export says about a track; `spotify_id` is the last part of its URI."""

    spotify_id: str | None
    kind: str  # track, episode, chapter
    name: str
    artist: str | None = None
    album: str | None = None


def remember(tracks: Iterable[Named]) -> dict[Named, int]:
    """Our id of every track; what is new is stored, in one transaction.

    A known id is believed, an import changes nothing about its row. An artist is found by the
    very same name, an album by its name and artist; a wrong guess among namesakes is put right
    as soon as Spotify itself describes the track (renewal).
    """
    wanted = sorted(set(tracks), key=lambda one: tuple(map(str, one)))
    with transaction():
        found = _known(wanted)
        new = _once([one for one in wanted if one not in found])
        artists = _artists({one.artist for one in new if one.artist})
        albums = _albums({(one.album, one.artist) for one in new if one.album})
        for chunk in _chunks(new):
            _insert(chunk, artists, albums)
        return found | _known([one for one in wanted if one not in found])


def _known(tracks: Sequence[Named]) -> dict[Named, int]:
    ids: dict[Any, int] = {}
    for chunk in _chunks(sorted({one.spotify_id for one in tracks if one.spotify_id})):
        query = Track.select(Track.spotify_id, Track.id).where(Track.spotify_id.in_(chunk))
        ids.update(query.tuples())
    for chunk in _chunks(sorted({one.name for one in tracks if not one.spotify_id})):
        query = (
            Track.select(Track.kind, Track.name, Artist.name, Album.name, Track.id)
            .join(TrackArtist, JOIN.LEFT_OUTER, on=_first_credit())
            .join(Artist, JOIN.LEFT_OUTER)
            .join(Album, JOIN.LEFT_OUTER, on=Track.album == Album.id)
            .where(Track.spotify_id.is_null() & Track.name.in_(chunk))
        )
        ids.update((Named(None, *row[:-1]), row[-1]) for row in query.tuples())
    return {one: ids[key] for one in tracks if (key := one.spotify_id or one) in ids}


def _first_credit() -> Any:
    return (TrackArtist.track == Track.id) & (TrackArtist.position == 0)


def _once(tracks: Sequence[Named]) -> list[Named]:
    """One of each id: exports of several years may name the same track differently."""
    return list({one.spotify_id or one: one for one in reversed(tracks)}.values())


def _artists(names: Collection[str]) -> dict[str, int]:
    found = _artists_by_name(names)
    new = sorted(set(names) - found.keys())
    for chunk in _chunks(new):
        Artist.insert_many([{"name": name} for name in chunk]).execute()
    return found | _artists_by_name(new)


def _artists_by_name(names: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(sorted(names)):
        # The one whose id is known comes last and counts.
        query = (
            Artist.select(Artist.name, Artist.id)
            .where(Artist.name.in_(chunk))
            .order_by(Artist.spotify_id.is_null(False), Artist.id.desc())
        )
        found.update(query.tuples())
    return found


def _albums(wanted: Collection[tuple[str | None, str | None]]) -> dict[Any, int]:
    names = sorted({str(album) for album, _ in wanted})
    found: dict[Any, int] = {}
    for chunk in _chunks(names):
        query = (
            Album.select(Album.name, Artist.name, Album.id)
            .join(Track)
            .join(TrackArtist, JOIN.LEFT_OUTER, on=_first_credit())
            .join(Artist, JOIN.LEFT_OUTER)
            .where(Album.name.in_(chunk))
            .order_by(Album.spotify_id.is_null(False), Album.id.desc())
        )
        found.update(((name, artist), album_id) for name, artist, album_id in query.tuples())
    new = sorted(set(wanted) - found.keys(), key=str)
    for chunk in _chunks(new):
        rows = [{"name": album} for album, _ in chunk]
        made = Album.insert_many(rows).returning(Album.name, Album.id).tuples().execute()
        _match(found, {pair: pair[0] for pair in chunk}, made)
    return found


def _insert(tracks: Sequence[Named], artists: Mapping[str, int], albums: Mapping[Any, int]) -> None:
    rows = {
        one: (one.spotify_id, one.kind, one.name, albums.get((one.album, one.artist)))
        for one in tracks
    }
    columns = (Track.spotify_id, Track.kind, Track.name, Track.album)
    made = Track.insert_many(list(rows.values()), fields=columns).on_conflict_ignore()
    ids: dict[Named, int] = {}
    returned = made.returning(*columns, Track.id).tuples().execute()
    _match(ids, rows, [(row[:-1], row[-1]) for row in returned])
    credited = [
        {"track": track_id, "position": 0, "artist": artists[one.artist]}
        for one, track_id in ids.items()
        if one.artist
    ]
    if credited:
        TrackArtist.insert_many(credited).execute()


def _match(
    found: dict[Any, int], wanted: Mapping[Any, Any], made: Iterable[tuple[Any, int]]
) -> None:
    """Give the ids of new rows to who asked for them; rows with equal values are equally good."""
    ids = defaultdict(list)
    for values, row_id in made:
        ids[values].append(row_id)
    for one, values in wanted.items():
        if ids[values]:  # none: another import stored the same id meanwhile
            found[one] = ids[values].pop()


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
