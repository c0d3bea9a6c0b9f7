"""Joins plays with the catalog: which artist and album a track belongs to.

A process keeps what it has looked up: twenty thousand tracks take half a megabyte, and fetching
them takes longer than everything else that a page of statistics does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from audiospective.history import bulk_select
from audiospective.models import CatalogVersion, database

TRACKS = {"track": pl.Int32(), "album": pl.Int32(), "artist": pl.Int32(), "duration": pl.Int32()}
CREDITS = {"track": pl.Int32(), "artist": pl.Int32()}
MOST = 2_000_000  # rows that a process keeps, at most about 32 MB
_TRACKS = (
    "SELECT t.id, t.album_id, c.artist_id, t.duration_ms FROM tracks t"
    " LEFT JOIN track_artists c ON c.track_id = t.id AND c.position = 0 WHERE t.id {among}"
)
_TEXTS = (
    "SELECT t.id, t.name, l.name, a.name FROM tracks t LEFT JOIN albums l ON l.id = t.album_id"
    " LEFT JOIN track_artists c ON c.track_id = t.id LEFT JOIN artists a ON a.id = c.artist_id"
    " WHERE t.id {among}"
)
_CREDITS = "SELECT track_id, artist_id FROM track_artists WHERE track_id {among}"


@dataclass(frozen=True)
class _Kept:
    """Rows of one query for the tracks in `asked`, true for one version of one database."""

    source: object
    version: int
    asked: pl.Series
    rows: pl.DataFrame


_kept: dict[str, _Kept] = {}


def forget() -> None:
    """Let go of everything that was kept."""
    _kept.clear()


def join(plays: pl.DataFrame) -> pl.DataFrame:
    """Adds `album` and `artist` (the first one credited): ids of the catalog, null if unknown."""
    found = of(plays["track"]).drop("duration")
    return plays.join(found, on="track", how="left", maintain_order="left")


def of(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `album`, `artist`, `duration` (ms) of every track that occurs."""
    return _look_up(_TRACKS, tracks, TRACKS)


def everybody(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `artist` of every track that occurs, one row for each artist credited."""
    return _look_up(_CREDITS, tracks, CREDITS)


def tracks_of(kind: str, one: int, among: pl.Series) -> pl.Series:
    """Those tracks of `among` that are of an "artist" (every credit counts) or an "album"."""
    rows = everybody(among) if kind == "artist" else of(among)
    return rows.filter(pl.col(kind) == one)["track"].unique()


def matching(text: str, among: pl.Series) -> pl.Series:
    """Those tracks of `among` whose title, album or artists contain `text`, whatever its case."""
    wanted = among.unique().alias("track")
    words = text.casefold()
    rows = bulk_select.select(_TEXTS, wanted.to_list())
    found = {track for track, *names in rows if any(words in (n or "").casefold() for n in names)}
    return wanted.filter(wanted.is_in(pl.Series(list(found), dtype=pl.Int32).implode()))


def _look_up(query: str, tracks: pl.Series, schema: dict[str, Any]) -> pl.DataFrame:
    wanted = tracks.unique().alias("track")
    version = int(CatalogVersion.select(CatalogVersion.version).scalar())
    kept = _kept.get(query)
    if kept is None or (kept.source, kept.version) != (database.obj, version):
        kept = _Kept(database.obj, version, wanted.clear(), pl.DataFrame(schema=schema))
    missing = wanted.filter(~wanted.is_in(kept.asked.implode()))
    if missing.len():
        rows = bulk_select.select(query, missing.to_list())
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        new = pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
        kept = _Kept(
            kept.source, version, pl.concat([kept.asked, missing]), pl.concat([kept.rows, new])
        )
    found = kept.rows.join(wanted.to_frame(), on="track", how="semi")
    if kept.rows.height <= MOST and not database.in_transaction():
        _kept[query] = kept
    else:  # what a transaction sees may never come true
        _kept.pop(query, None)
    return found
