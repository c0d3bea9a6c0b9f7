"""Names of many tracks at once, folded for searching, with what tells that two are one recording.

A process keeps what it has looked up, as `frames` does, and for an hour at most: a track that
Spotify calls otherwise is found by its new name from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from audiospective import clock
from audiospective.history.catalog import frames, lookup, rows
from audiospective.history.catalog.entries import Album, Kind
from audiospective.models import database
from audiospective.policy.folding import fold
from audiospective.stats import cache

TRACKS = pl.Schema({"track": pl.Int32(), "title": pl.String(), "isrc": pl.String(),
                    "spotify_id": pl.String(), "kind": pl.String()})  # fmt: skip
ARTISTS = pl.Schema({"artist": pl.Int32(), "name": pl.String()})
ALBUMS = pl.Schema({"album": pl.Int32(), "name": pl.String(), "type": pl.String(),
                    "released": pl.String()})  # fmt: skip
MOST = 32_000_000  # bytes that are kept of tracks of several members, some 70 for each
LONGEST = timedelta(hours=1)
PORTION = 20_000  # entries that are Python objects at one time


@dataclass(frozen=True)
class _Kept:
    source: object
    version: int
    since: datetime
    tracks: pl.DataFrame
    artists: pl.DataFrame
    albums: pl.DataFrame

    @property
    def size(self) -> int:
        return sum(int(one.estimated_size()) for one in (self.tracks, self.artists, self.albums))

    def only(self, wanted: pl.Series) -> _Kept:
        """What is told here of these tracks."""
        credited = frames.everybody(wanted).select("artist").unique()
        own = frames.of(wanted).select("album").unique()
        return replace(
            self,
            tracks=self.tracks.join(_once(wanted), on="track", how="semi"),
            artists=self.artists.join(credited, on="artist", how="semi"),
            albums=self.albums.join(own, on="album", how="semi"),
        )


_kept = cache.Part(cache.shared, "names of tracks")


def tracks(wanted: pl.Series) -> pl.DataFrame:
    """Columns of TRACKS of every track that occurs; `title` is folded."""
    return _look_up(wanted).tracks.join(_once(wanted), on="track", how="semi")


def artists(wanted: pl.Series) -> pl.DataFrame:
    """Columns of ARTISTS of everybody credited on these tracks; `name` is folded."""
    credited = frames.everybody(wanted).select("artist").unique()
    return _look_up(wanted).artists.join(credited, on="artist", how="semi")


def albums(wanted: pl.Series) -> pl.DataFrame:
    """Columns of ALBUMS of these tracks' albums; `name` is folded, `released` as Spotify says."""
    own = frames.of(wanted).select("album").unique()
    return _look_up(wanted).albums.join(own, on="album", how="semi")


EVERYWHERE = ("title", "artist", "album")


def containing(
    words: Sequence[str], among: pl.Series, where: Collection[str] = EVERYWHERE
) -> pl.Series:
    """Those tracks of `among` in whose title, artists and album every folded word occurs.

    `where` names those of EVERYWHERE that are looked into.
    """
    found = _once(among)
    for word in words:
        holds = pl.col("name").str.contains(word, literal=True)
        fitting = []
        if "title" in where:
            fitting.append(tracks(among).filter(pl.col("title").str.contains(word, literal=True)))
        if "artist" in where:
            who = artists(among).filter(holds)
            fitting.append(frames.everybody(among).join(who, on="artist", how="semi"))
        if "album" in where:
            which = albums(among).filter(holds)
            fitting.append(frames.of(among).join(which, on="album", how="semi"))
        either = pl.concat([part.select("track") for part in fitting]).unique()
        found = found.join(either, on="track", how="semi")
    return found["track"].sort()


def _once(wanted: pl.Series) -> pl.DataFrame:
    return wanted.unique().cast(pl.Int32).alias("track").to_frame()


def _look_up(wanted: pl.Series) -> _Kept:
    version = rows.version()
    found: _Kept | None = _kept.get(None)
    kept = found
    now = clock.now()
    if kept is not None and not kept.since <= now < kept.since + LONGEST:
        kept = None
    if kept is None or (kept.source, kept.version) != (database.obj, version):
        nothing = (pl.DataFrame(schema=schema) for schema in (TRACKS, ARTISTS, ALBUMS))
        kept = _Kept(database.obj, version, now, *nothing)
    missing = _once(wanted).join(kept.tracks, on="track", how="anti")["track"].sort()
    if missing.len():
        kept = _with(kept, missing)
    if kept.size > MOST:
        kept = kept.only(wanted)
    if database.in_transaction():  # what it sees may never come true
        _kept.clear()
    elif kept is not found:
        _kept.put(None, kept, kept.size)
    return kept


def _with(kept: _Kept, missing: pl.Series) -> _Kept:
    own = frames.of(missing)["album"].drop_nulls().unique()
    credited = frames.everybody(missing)["artist"].unique()
    own = own.filter(~own.is_in(kept.albums["album"].implode()))
    credited = credited.filter(~credited.is_in(kept.artists["artist"].implode()))
    return _Kept(
        kept.source,
        kept.version,
        kept.since,
        pl.concat([kept.tracks, _tracks(missing)]),
        pl.concat([kept.artists, _artists(credited)]),
        pl.concat([kept.albums, _albums(own)]),
    )


def _tracks(missing: pl.Series) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=TRACKS)]
    for portion in _portions(missing):
        found = lookup.tracks_alone(portion)
        told = [
            (one, fold(track.name), track.isrc, track.spotify_id, track.kind)
            for one, track in found.items()
        ]
        # An id that the catalog lacks is kept as well, so that it is not looked for again.
        told += [(one, "", None, None, "track") for one in portion if one not in found]
        parts.append(pl.DataFrame(told, schema=TRACKS, orient="row"))
    return pl.concat(parts)


def _artists(missing: pl.Series) -> pl.DataFrame:
    found = [
        (one, fold(named.name))
        for portion in _portions(missing)
        for one, named in lookup.artists(portion).items()
    ]
    return pl.DataFrame(found, schema=ARTISTS, orient="row")


def _albums(missing: pl.Series) -> pl.DataFrame:
    found = [
        (one, fold(album.name), album.album_type, album.release_date)
        for portion in _portions(missing)
        for (_, one), album in lookup.entries((Kind.ALBUM, one) for one in portion).items()
        if isinstance(album, Album)
    ]
    return pl.DataFrame(found, schema=ALBUMS, orient="row")


def _portions(ids: pl.Series) -> list[list[int]]:
    every = ids.to_list()
    return [every[start : start + PORTION] for start in range(0, len(every), PORTION)]
