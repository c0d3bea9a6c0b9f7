"""CSV for Excel and LibreOffice: a table with names, times in UTC and by the member's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats.base import Format, Part, one_file, streamed
from audiospective.exports.formats.changes import Changes
from audiospective.exports.formats.play_columns import PLAY, TEXTS, local_time
from audiospective.exports.formats.spreadsheet_guard import guard, guarded
from audiospective.exports.snapshot import Snapshot
from audiospective.policy.spreadsheets import SEVERAL

ARTISTS = pl.col("artists").list.eval(pl.element().str.replace_all(";", ";;", literal=True))
_TRACK = (
    guarded(pl.col("title")).alias("track_name"),
    guarded(pl.col("artist")).alias("artist"),
    guarded(ARTISTS.list.join(SEVERAL, ignore_nulls=True)).alias("all_artists"),
    guarded(pl.col("album")).alias("album"),
    "duration_ms",
    "kind",
    "uri",
    guarded(pl.col("isrc")).alias("isrc"),
)


def rows(snapshot: Snapshot) -> Iterator[pl.DataFrame]:
    """The table, slice by slice."""
    for plays in snapshot.slices(*_TRACK):
        yield guard(plays, *TEXTS).select(
            pl.col("played_at").dt.strftime(frames.UTC_MS),
            local_time(snapshot.owner.zone, "%Y-%m-%d %H:%M:%S"),
            pl.col("track_name").alias("track"),
            "artist",
            pl.col("all_artists").alias("artists"),
            "album",
            "ms_played",
            pl.col("duration_ms").alias("length_ms"),
            "kind",
            pl.col("uri").alias("spotify_uri"),
            "isrc",
            *PLAY,
        )


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    def write(out: IO[bytes]) -> None:
        quiet = snapshot.watched(lambda _: None)
        schema = next(rows(quiet)).schema
        streamed(lambda: rows(quiet), schema).sink_csv(
            out, include_bom=True, line_terminator="\r\n"
        )
        snapshot.tick(snapshot.plays)

    return one_file(FORMAT.file_name(snapshot), write)


FORMAT = Format(descriptions.CSV, _parts, file_name=lambda _: "plays.csv")
