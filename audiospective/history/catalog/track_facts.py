"""Everything the catalog knows about tracks, as a frame: for exports, which take it all along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from audiospective.history.catalog import lookup
from audiospective.history.catalog.entries import Entry, Kind, Track

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
CHUNK = 5_000  # tracks whose entries are Python objects at one time
KEYS = ("album_key", "artist_keys")  # numbers of this database, of no use elsewhere
_CREDITS = ("artists", "artist_ids", "artist_keys")
_PLAIN = {name: kind for name, kind in SCHEMA.items() if name not in _CREDITS}
_ALBUM = ("album_type", "release_date", "release_date_precision", "total_tracks", "image_url")


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
    known, others = lookup.described(tracks.to_list())
    rows = (_row(one, track, others) for one, track in known.items())
    columns = zip(*rows, strict=True) if known else ([] for _ in _PLAIN)
    table = pl.DataFrame(dict(zip(_PLAIN, columns, strict=True)), schema=_PLAIN)
    return table.join(_credits(known, others), on="track", how="left").with_columns(
        pl.col(name).fill_null([]) for name in _CREDITS
    )


def _row(one: int, track: Track, others: Mapping[lookup.Wanted, Entry]) -> tuple[Any, ...]:
    album = others.get((Kind.ALBUM, track.album)) if track.album is not None else None
    return (
        one, track.kind, track.spotify_id, track.name, track.duration_ms, track.explicit,
        track.isrc, track.disc_number, track.track_number,
        album.name if album else None, album.spotify_id if album else None,
        *(getattr(album, name, None) for name in _ALBUM),
        track.album,
    )  # fmt: skip


def _credits(known: Mapping[int, Track], others: Mapping[lookup.Wanted, Entry]) -> pl.DataFrame:
    """The lists of artists, gathered by Polars: lists of Python would take ten times as long."""
    found: list[tuple[int, str, str | None, int]] = []
    for one, track in known.items():
        for who in dict.fromkeys(track.artists):
            artist = others.get((Kind.ARTIST, who))
            if artist is not None:
                found.append((one, artist.name, artist.spotify_id, who))
    schema = {"track": pl.Int32(), **{name: SCHEMA[name].inner for name in _CREDITS}}  # type: ignore[attr-defined]
    flat = pl.DataFrame(found, schema=schema, orient="row")
    return flat.group_by("track", maintain_order=True).agg(pl.col(name) for name in _CREDITS)
