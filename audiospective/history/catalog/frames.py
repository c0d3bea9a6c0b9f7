"""Joins plays with the catalog: which artist and album a track belongs to.

A process keeps what it has looked up: twenty thousand tracks take half a megabyte, and fetching
them takes longer than everything else that a page of statistics does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from audiospective.history.catalog import rows
from audiospective.history.catalog.decode import Numbers
from audiospective.history.catalog.entries import Kind
from audiospective.models import database
from audiospective.stats import cache

TRACKS = {"track": pl.Int32(), "album": pl.Int32(), "artist": pl.Int32(), "duration": pl.Int32()}
CREDITS = {"track": pl.Int32(), "artist": pl.Int32()}
MOST = 16_000_000  # bytes that are kept of tracks of several members, 24 for each


@dataclass(frozen=True)
class _Kept:
    """What was looked up of tracks that there are, true for one version of one database."""

    source: object
    version: int
    tracks: pl.DataFrame
    credits: pl.DataFrame

    @property
    def size(self) -> int:
        return int(self.tracks.estimated_size() + self.credits.estimated_size())

    def only(self, wanted: pl.Series) -> _Kept:
        """What is told here of these tracks."""
        own = wanted.to_frame()
        return replace(
            self,
            tracks=self.tracks.join(own, on="track", how="semi"),
            credits=self.credits.join(own, on="track", how="semi"),
        )


_kept = cache.Part(cache.shared, "numbers of tracks")


def clear_cache() -> None:
    """Let go of everything that was kept."""
    _kept.clear()


def join(plays: pl.DataFrame) -> pl.DataFrame:
    """Adds `album` and `artist` (the first one credited): ids of the catalog, null if unknown."""
    found = of(plays["track"]).drop("duration")
    return plays.join(found, on="track", how="left", maintain_order="left")


def of(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `album`, `artist`, `duration` (ms) of every track that occurs."""
    wanted = tracks.unique().alias("track")
    return _look_up(wanted).tracks.join(wanted.to_frame(), on="track", how="semi")


def everybody(tracks: pl.Series) -> pl.DataFrame:
    """`track`, `artist` of every track that occurs, one row for each artist credited."""
    wanted = tracks.unique().alias("track")
    return _look_up(wanted).credits.join(wanted.to_frame(), on="track", how="semi")


def tracks_of(kind: str, one: int, among: pl.Series) -> pl.Series:
    """Those tracks of `among` that are of an "artist" (every credit counts) or an "album"."""
    found = everybody(among) if kind == "artist" else of(among)
    return found.filter(pl.col(kind) == one)["track"].unique()


def _look_up(wanted: pl.Series) -> _Kept:
    version = rows.version()
    found: _Kept | None = _kept.get(None)
    kept = found
    if kept is None or (kept.source, kept.version) != (database.obj, version):
        nothing = pl.DataFrame(schema=TRACKS), pl.DataFrame(schema=CREDITS)
        kept = _Kept(database.obj, version, *nothing)
    missing = wanted.filter(~wanted.is_in(kept.tracks["track"].implode()))
    if missing.len():
        tracks, credits_ = _read(missing)
        kept = _Kept(
            kept.source,
            version,
            pl.concat([kept.tracks, tracks]),
            pl.concat([kept.credits, credits_]),
        )
    if kept.size > MOST:
        kept = kept.only(wanted)
    if database.in_transaction():  # what it sees may never come true
        _kept.clear()
    elif kept is not found:
        _kept.put(None, kept, kept.size)
    return kept


def _read(wanted: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids: list[int] = []
    albums: list[int | None] = []
    artists: list[int | None] = []
    durations: list[int | None] = []
    credited: list[int] = []
    many: list[int] = []
    asked = [(Kind.TRACK, one) for one in wanted.sort().to_list()]
    for block, own in rows.by_block(asked, only_numbers=True):
        numbers = Numbers(block.count, block.numbers)
        for one in own:
            place = one - block.first
            if numbers.gone(place):
                continue
            who = numbers.artists(place)
            ids.append(one)
            albums.append(numbers.albums[place])
            artists.append(who[0] if who else None)
            durations.append(numbers.duration(place))
            credited += who
            many.append(len(who))
    tracks = pl.DataFrame([ids, albums, artists, durations], schema=TRACKS)
    counted = pl.Series(many, dtype=pl.UInt32)
    credits_ = pl.DataFrame({
        "track": tracks["track"].repeat_by(counted).explode().drop_nulls(),
        "artist": pl.Series(credited, dtype=pl.Int32),
    })  # fmt: skip
    return _followed(tracks), _followed(credits_)


def _followed(found: pl.DataFrame) -> pl.DataFrame:
    """With what albums and artists have given way to."""
    for name, kind in (("album", Kind.ALBUM), ("artist", Kind.ARTIST)):
        if name in found.columns and (aliases := rows.aliases(kind)):
            found = found.with_columns(pl.col(name).replace(aliases))
    return found
