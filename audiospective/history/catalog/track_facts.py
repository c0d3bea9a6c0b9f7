"""Everything the catalog knows about tracks, as a frame: for exports, which take it all along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from audiospective.history import bulk_select

SCHEMA = pl.Schema(
    {
        "track": pl.Int32(),
        "kind": pl.String(),
        "spotify_id": pl.String(),
        "title": pl.String(),
        "duration_ms": pl.Int32(),
        "explicit": pl.Boolean(),
        "isrc": pl.String(),
        "disc_number": pl.Int16(),
        "track_number": pl.Int16(),
        "album": pl.String(),
        "album_id": pl.String(),
        "album_type": pl.String(),
        "release_date": pl.String(),
        "release_date_precision": pl.String(),
        "total_tracks": pl.Int32(),
        "image_url": pl.String(),
        "artists": pl.List(pl.String()),
        "artist_ids": pl.List(pl.String()),
        "album_key": pl.Int32(),
        "artist_keys": pl.List(pl.Int32()),
    }
)
CHUNK = 5_000  # tracks whose rows are Python objects at one time
KEYS = ("album_key", "artist_keys")  # numbers of this database, of no use elsewhere
_ARTISTS = ("artists", "artist_ids", "artist_keys")
_TRACKS = (
    "SELECT t.id, t.kind, t.spotify_id, t.name, t.duration_ms, t.explicit, t.isrc,"
    " t.disc_number, t.track_number, a.name, a.spotify_id, a.album_type, a.release_date,"
    " a.release_date_precision, a.total_tracks, a.image_url, t.album_id"
    " FROM tracks t LEFT JOIN albums a ON a.id = t.album_id WHERE t.id {among}"
)
_CREDITS = (
    "SELECT c.track_id, a.name, a.spotify_id, c.artist_id FROM track_artists c"
    " JOIN artists a ON a.id = c.artist_id WHERE c.track_id {among}"
    " ORDER BY c.track_id, c.position"
)


def of(tracks: pl.Series) -> pl.DataFrame:
    """Columns of SCHEMA, one row for each track that occurs, in order of its number.

    Artists stand in Spotify's order, their ids (null where unknown) beside them; a track without
    any has empty lists. A track that the catalog lacks has its number and nothing else.
    """
    wanted = tracks.unique().sort().alias("track")
    parts = [_chunk(wanted[start : start + CHUNK]) for start in range(0, wanted.len(), CHUNK)]
    found = pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)
    known = found.select(SCHEMA.names())
    return wanted.to_frame().join(known, on="track", how="left", maintain_order="left")


def _chunk(tracks: pl.Series) -> pl.DataFrame:
    ids = tracks.to_list()
    told = [name for name in SCHEMA if name not in _ARTISTS]
    facts = _frame(bulk_select.select(_TRACKS, ids), told)
    credited = _frame(bulk_select.select(_CREDITS, ids), ["track", *_ARTISTS])
    artists = credited.group_by("track", maintain_order=True).agg(pl.col(name) for name in _ARTISTS)
    together = facts.join(artists, on="track", how="left")
    return together.with_columns(pl.col(name).fill_null([]) for name in _ARTISTS)


def _frame(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    # SQLite knows no booleans: what it calls 1 is true.
    return pl.DataFrame(
        pl.Series(name, list(values), strict=False).cast(_single(SCHEMA[name]))
        for name, values in zip(names, columns, strict=True)
    )


def _single(kind: pl.DataType) -> pl.DataType:
    """What a list is a list of; before they are gathered, artists come one a row."""
    return kind.inner if isinstance(kind, pl.List) else kind  # type: ignore[return-value]
