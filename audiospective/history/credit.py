"""Joins plays with the catalog: which artist and album a track belongs to."""

from __future__ import annotations

from typing import Any

import polars as pl

from audiospective.history import sets
from audiospective.models import Track, TrackArtist

TRACKS = {"track": pl.Int32(), "album": pl.Int32(), "artist": pl.Int32()}
CREDITS = {"track": pl.Int32(), "artist": pl.Int32()}
_MAIN = (
    "SELECT t.id, t.album_id, c.artist_id FROM tracks t"
    " LEFT JOIN track_artists c ON c.track_id = t.id AND c.position = 0 WHERE t.id IN {set}"
)
_LENGTHS = "SELECT id, duration_ms FROM tracks WHERE duration_ms IS NOT NULL AND id IN {set}"
_ALL = "SELECT track_id, artist_id FROM track_artists WHERE track_id IN {set}"


def join(plays: pl.DataFrame) -> pl.DataFrame:
    """Adds `album` and `artist` (the first one credited): ids of the catalog, null if unknown."""
    return plays.join(of(plays["track"]), on="track", how="left", maintain_order="left")


def of(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `album`, `artist` of every track that occurs."""
    return _fetch(_MAIN, tracks, TRACKS)


def everybody(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `artist` of every track that occurs, one row for each artist credited."""
    return _fetch(_ALL, tracks, CREDITS)


def durations(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `duration` (ms) of every track that occurs and whose length is known."""
    return _fetch(_LENGTHS, tracks, {"track": pl.Int32(), "duration": pl.Int64()})


def tracks_of(kind: str, one: int) -> list[int]:
    """The tracks of an "artist" (every credit counts) or "album"."""
    if kind == "artist":
        query = TrackArtist.select(TrackArtist.track).where(TrackArtist.artist == one)
    else:
        query = Track.select(Track.id).where(Track.album == one)
    return [track for (track,) in query.distinct().tuples()]


def _fetch(query: str, tracks: pl.Series, schema: dict[str, Any]) -> pl.DataFrame:
    rows = sets.select(query, tracks.unique().to_list())
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
