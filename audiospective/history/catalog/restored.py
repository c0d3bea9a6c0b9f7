"""Entries for the tracks of a member's bundle, with everything that it says of them.

A bundle comes from its member's hands. What Spotify has described here is believed instead; the
rest becomes entries that only somebody who brings the very same words shares, until Spotify
describes the track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from audiospective.history.catalog import buckets, imported, merge
from audiospective.history.catalog.buckets import Name
from audiospective.history.catalog.entries import Album, Artist, Kind, Track
from audiospective.history.catalog.imported import Named
from audiospective.history.catalog.writer import Writer, writing

CHUNK = 1_000  # tracks a transaction: polls that learn something wait for it
_FACTS = ("duration_ms", "explicit", "isrc", "disc_number", "track_number")
_ALBUM = ("album_type", "release_date", "release_date_precision", "total_tracks", "image_url")
Row = Mapping[str, Any]  # of track_facts.SCHEMA, its numbers those of another database


def remember(tracks: pl.DataFrame) -> dict[int, int]:
    """Our id of every track (track_facts.SCHEMA), by its number there; what is new is stored."""
    rows = tracks.sort("track").to_dicts()
    plain = {row["track"]: _named(row) for row in rows if not _says_more(row)}
    known = imported.remember(plain.values())
    ids = {number: known[name] for number, name in plain.items()}
    more = [row for row in rows if row["track"] not in plain]
    for start in range(0, len(more), CHUNK):
        with writing() as catalog:
            ids |= _store(catalog, more[start : start + CHUNK])
    return ids


def _says_more(row: Row) -> bool:
    facts = any(row[name] is not None for name in (*_FACTS, "album_id", *_ALBUM))
    return facts or len(row["artists"]) > 1 or any(row["artist_ids"])


def _named(row: Row) -> Named:
    artist = row["artists"][0] if row["artists"] else None
    return Named(row["spotify_id"], row["kind"], row["title"], artist, row["album"])


def _store(catalog: Writer, rows: Sequence[Row]) -> dict[int, int]:
    said = {row["track"]: _said(Kind.TRACK, row, *_FACTS, *_ALBUM) for row in rows}
    by_id = {
        row["track"]: buckets.by_id(Kind.TRACK, row["spotify_id"])
        for row in rows
        if row["spotify_id"]
    }
    others = [name for row in rows for name in _names(row)]
    catalog.expect([*said.values(), *by_id.values(), *(name for _, name in others)])
    catalog.load([
        *((Kind.TRACK, found.id)
          for name in (*said.values(), *by_id.values()) for found in catalog.find(name)),
        *((kind, found.id) for kind, name in others for found in catalog.find(name)),
    ])  # fmt: skip
    ids: dict[int, int] = {}
    for row in rows:
        number = row["track"]
        ids[number] = _track(catalog, row, said[number], by_id.get(number))
    catalog.pardon(ids.values())
    return ids


def _track(catalog: Writer, row: Row, said: Name, by_id: Name | None) -> int:
    told = [one.id for one in catalog.find(said)
            if one.check == said.check and catalog.get(Kind.TRACK, one.id)]  # fmt: skip
    if told:
        return min(told)
    holder = None
    if by_id is not None:
        holder = merge.find(catalog, Kind.TRACK, row["spotify_id"])
        known = None if holder is None else catalog.get(Kind.TRACK, holder)
        if holder is not None and isinstance(known, Track) and known.described:
            return holder
    artists = [_artist(catalog, *one) for one in _credited(row)]
    album = _album(catalog, row) if row["album"] is not None else None
    facts = {name: row[name] for name in _FACTS}
    entry = Track(row["spotify_id"], row["title"], row["kind"], album, tuple(artists), **facts)
    made = catalog.add(Kind.TRACK, entry)
    if holder is not None:
        catalog.alias(Kind.TRACK, made, holder)
    elif by_id is not None:
        catalog.name(by_id, made)
    catalog.name(said, made, said.check)
    return made


def _artist(catalog: Writer, name: str, spotify_id: str | None) -> int:
    said = _words(Kind.ARTIST, name, spotify_id)
    entry = Artist(spotify_id, name)
    return _shared(catalog, Kind.ARTIST, entry, said)


def _album(catalog: Writer, row: Row) -> int:
    entry = Album(row["album_id"], row["album"], *(row[name] for name in _ALBUM))
    return _shared(catalog, Kind.ALBUM, entry, _said(Kind.ALBUM, row, *_ALBUM))


def _shared(catalog: Writer, kind: Kind, entry: Artist | Album, said: Name) -> int:
    """The entry that has this id and this name, else the one of just these words, else a new one.

    An id that is known by another name stays with that: what a bundle says is not shown to others.
    """
    same = [one.id for one in catalog.find(said) if catalog.get(kind, one.id) == entry]
    if same:
        return min(same)
    holder = None if entry.spotify_id is None else merge.find(catalog, kind, entry.spotify_id)
    known = None if holder is None else catalog.get(kind, holder)
    if holder is not None and known is not None and known.name == entry.name:
        return holder
    made = catalog.add(kind, entry)
    if holder is None and entry.spotify_id is not None:
        catalog.name(buckets.by_id(kind, entry.spotify_id), made)
    catalog.name(said, made)
    return made


def _names(row: Row) -> list[tuple[Kind, Name]]:
    """By what the artists and the album of a track are found."""
    names = []
    for artist, spotify_id in _credited(row):
        names.append((Kind.ARTIST, _words(Kind.ARTIST, artist, spotify_id)))
        if spotify_id:
            names.append((Kind.ARTIST, buckets.by_id(Kind.ARTIST, spotify_id)))
    if row["album"] is not None:
        names.append((Kind.ALBUM, _said(Kind.ALBUM, row, *_ALBUM)))
        if row["album_id"]:
            names.append((Kind.ALBUM, buckets.by_id(Kind.ALBUM, row["album_id"])))
    return names


def _credited(row: Row) -> list[tuple[str, str | None]]:
    return list(zip(row["artists"], row["artist_ids"], strict=True))


def _said(kind: Kind, row: Row, *facts: str) -> Name:
    """By what a track or an album is found by everything that is said of it."""
    own = ("spotify_id", "kind", "title") if kind is Kind.TRACK else ()
    named = [row[name] for name in (*own, "album", "album_id", *facts)]
    return _words(kind, orjson.dumps([*named, _credited(row)]).decode())


def _words(kind: Kind, *said: str | None) -> Name:
    return buckets.by_words(kind, "restored", *said)
