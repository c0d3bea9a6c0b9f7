"""The CSV that exporters of Last.fm write, for the many tools that read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats import changes as kinds
from audiospective.exports.formats import music
from audiospective.exports.formats.base import Format, Part, one_file, slug
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot
from audiospective.policy.timing import BY_START

_EMPTY = pl.lit("")
_HEARD, _LENGTH = pl.col("ms_played"), pl.col("duration_ms")
_BEGAN = pl.col("timing").is_in([*map(int, BY_START)]).fill_null(value=False)
_LASTED = pl.when(_BEGAN).then(0).otherwise(pl.coalesce(_HEARD, _LENGTH, pl.lit(0)))
_START = frames.PLAYED - pl.duration(milliseconds=_LASTED)


def _table(snapshot: Snapshot, changes: Changes | None) -> Iterator[pl.DataFrame]:
    columns = ("played_at", "ms_played", "timing")
    for plays in snapshot.slices(*music.FACTS, "album", "duration_ms", columns=columns):
        taken = music.takeable(plays, changes)
        at = frames.PLAYED
        if changes:
            _note(taken, changes)
            at = _START
        yield taken.with_columns(at.alias("at")).select(
            (pl.col("at").dt.epoch("ms") // 1000).cast(pl.String).alias("uts"),
            pl.col("at").dt.strftime("%d %b %Y, %H:%M").alias("utc_time"),
            frames.known("artist").fill_null(""),
            _EMPTY.alias("artist_mbid"),
            frames.known("album").fill_null(""),
            _EMPTY.alias("album_mbid"),
            frames.known("title").fill_null("").alias("track"),
            _EMPTY.alias("track_mbid"),
        )


def _note(plays: pl.DataFrame, changes: Changes) -> None:
    said = (
        pl.when(_BEGAN)
        .then(pl.lit(None, pl.String))
        .when(_HEARD.is_null() & _LENGTH.is_null())
        .then(pl.lit("start: the end, neither the time heard nor the length is known"))
        .when(_HEARD.is_null())
        .then(pl.lit("start: the end less the length of the track"))
    )
    changes.note(plays, kinds.FILLED, said)


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    def write(out: IO[bytes]) -> None:
        header = True
        for table in _table(snapshot, changes):
            table.write_csv(out, include_header=header, quote_style="always")
            header = False

    return one_file(FORMAT.file_name(snapshot), write)


def _file_name(snapshot: Snapshot) -> str:
    at = int(snapshot.taken_at.timestamp())
    return f"recenttracks-{slug(snapshot.owner.name)}-{at}.csv"


FORMAT = Format(descriptions.LASTFM, _parts, file_name=_file_name)
