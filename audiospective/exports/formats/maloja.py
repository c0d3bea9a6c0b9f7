"""Maloja's export file. It has whole seconds and keeps one play a second."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats import changes as kinds
from audiospective.exports.formats import music
from audiospective.exports.formats.base import Format, Part, json_list, one_file
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot

_ALBUM = pl.when(frames.known("album").is_not_null()).then(
    pl.struct(
        pl.lit(None, pl.List(pl.String)).alias("artists"), pl.col("album").alias("albumtitle")
    )
)
_TRACK = (
    pl.struct(
        music.names().alias("artists"),
        frames.known("title"),
        _ALBUM.alias("album"),
        (pl.col("duration_ms") // 1000).alias("length"),
    )
    .struct.json_encode()
    .alias("of_track")
)


def _texts(snapshot: Snapshot, changes: Changes | None) -> Iterator[pl.Series]:
    last = -(2**62)
    columns = ("played_at", "ms_played", "timing")
    for plays in snapshot.slices(_TRACK, *music.FACTS, columns=columns):
        taken = music.takeable(plays, changes).with_columns(frames.SECONDS)
        if changes and taken.height:
            taken, last = _apart(taken, last, changes)
        heard = (pl.col("ms_played") // 1000).cast(pl.String).fill_null("null")
        yield taken.select(
            pl.concat_str(
                pl.lit('{"time":'),
                "seconds",
                pl.lit(',"track":'),
                "of_track",
                pl.lit(',"duration":'),
                heard,
                pl.lit(',"origin":"import:'),
                frames.SENDER,
                pl.lit('"}'),
            )
        ).to_series()


def _apart(plays: pl.DataFrame, last: int, changes: Changes) -> tuple[pl.DataFrame, int]:
    """Moves plays of one second apart by a second each; and the last second that is taken."""
    at = pl.int_range(pl.len(), dtype=pl.Int64)
    free = pl.max_horizontal((pl.col("seconds") - at).cum_max(), pl.lit(last + 1)) + at
    moved = plays.with_columns(free.alias("free"))
    late = pl.col("free") - pl.col("seconds")
    said = pl.when(late > 0).then(
        pl.concat_str(pl.lit("by "), late, pl.lit(" s: another play has this second"))
    )
    changes.note(moved, kinds.MOVED, said)
    return moved.with_columns(pl.col("free").alias("seconds")), int(moved["free"][-1])


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    made = orjson.dumps({"export_time": int(snapshot.taken_at.timestamp())}).decode()
    head = f'{{"maloja":{made},"scrobbles":['
    write = json_list(head, _texts(snapshot, changes), "\n]}\n")
    return one_file(FORMAT.file_name(snapshot), write)


FORMAT = Format(
    descriptions.MALOJA,
    _parts,
    file_name=lambda snapshot: f"maloja_export_{snapshot.taken_at:%Y_%m_%d_%H_%M_%S}.json",
)
