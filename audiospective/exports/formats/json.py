"""JSON: one document, one play a line, every key always there, null where nothing is known."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats.base import Format, Part, json_list, one_file
from audiospective.exports.formats.changes import Changes
from audiospective.exports.formats.play_columns import PLAY, local_time
from audiospective.exports.snapshot import Snapshot

VERSION = 1
SOME = 8_192  # plays whose texts, some 600 bytes each, are in memory at one time
TRACK = (
    pl.struct(
        pl.col("title").alias("name"),
        "artists",
        "artist_ids",
        "album",
        "album_id",
        "kind",
        "uri",
        "isrc",
        pl.col("duration_ms").alias("length_ms"),
    )
    .struct.json_encode()
    .alias("of_track")
)


def texts(plays: pl.DataFrame, zone: str) -> pl.Series:
    """Each play (segment.COLUMNS and TRACK) as one JSON object; local times in an IANA `zone`."""
    facts = pl.struct(
        pl.col("played_at").dt.strftime(frames.UTC_MS),
        local_time(zone, "%Y-%m-%dT%H:%M:%S%:z"),
        "ms_played",
        *PLAY,
    ).struct.json_encode()
    joined = pl.concat_str(facts.str.head(-1), pl.lit(',"track":'), "of_track", pl.lit("}"))
    return plays.select(joined).to_series()


def _texts(snapshot: Snapshot) -> Iterator[pl.Series]:
    for plays in snapshot.slices(TRACK):
        for some in plays.iter_slices(SOME):
            yield texts(some, snapshot.owner.zone)


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    about = {
        "format": "audiospective",
        "version": VERSION,
        "owner": snapshot.owner.name,
        "time_zone": snapshot.owner.zone,
        "exported_at": snapshot.taken_at.strftime(frames.UTC_S),
        "count": snapshot.plays,
    }
    head = orjson.dumps(about).decode()[:-1] + ',"plays":['
    return one_file(FORMAT.file_name(snapshot), json_list(head, _texts(snapshot), "\n]}\n"))


FORMAT = Format(descriptions.JSON, _parts, file_name=lambda _: "plays.json")
