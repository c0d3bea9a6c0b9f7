"""Koito's export file. Koito stops at a play without an artist or album."""

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

VERSION = "1"  # a text, not a number
_NO_MBID = pl.lit(None, pl.String).alias("mbid")


def _aliases(name: pl.Expr) -> pl.Expr:
    alias = pl.struct(
        name.alias("alias"),
        pl.lit("Canonical").alias("source"),
        pl.lit(True).alias("is_primary"),
    )
    return pl.concat_list(alias).alias("aliases")


def _album(*, compatible: bool) -> pl.Expr:
    known = frames.known("album")
    name = pl.coalesce(known, frames.known("title")) if compatible else known
    album = pl.struct(
        pl.lit("").alias("image_url"),
        _NO_MBID,
        _aliases(name),
        pl.lit(False).alias("various_artists"),
    )
    return pl.when(name.is_not_null()).then(album).alias("album")


def _artists() -> pl.Expr:
    artist = pl.struct(
        pl.lit("").alias("image_url"),
        _NO_MBID,
        (pl.int_range(pl.len()) == 0).alias("is_primary"),
        _aliases(pl.element()),
    )
    return music.names().list.eval(artist).alias("artists")


def _facts(*, compatible: bool) -> pl.Expr:
    length = (pl.col("duration_ms") // 1000).fill_null(0).alias("duration")
    track = pl.struct(_NO_MBID, length, _aliases(frames.known("title"))).alias("track")
    whole = pl.struct(track, _album(compatible=compatible), _artists())
    return whole.struct.json_encode().alias("of_track")


def _texts(snapshot: Snapshot, changes: Changes | None) -> Iterator[pl.Series]:
    facts = (_facts(compatible=changes is not None), *music.FACTS, "album")
    for plays in snapshot.slices(*facts, columns=("played_at", "timing")):
        taken = music.takeable(plays, changes)
        if changes:
            unknown = pl.when(frames.known("album").is_null())
            changes.note(taken, kinds.FILLED, unknown.then(pl.lit("album: the title of the track")))
        yield taken.select(
            pl.concat_str(
                pl.lit('{"listened_at":"'),
                pl.col("played_at").dt.strftime(frames.UTC_S),
                pl.lit('","client":"'),
                frames.SENDER,
                pl.lit('",'),
                pl.col("of_track").str.slice(1),
            )
        ).to_series()


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    about = {
        "version": VERSION,
        "exported_at": snapshot.taken_at.strftime(frames.UTC_S),
        "user": snapshot.owner.name,
    }
    head = orjson.dumps(about).decode()[:-1] + ',"listens":['
    write = json_list(head, _texts(snapshot, changes), "\n]}\n")
    return one_file(FORMAT.file_name(snapshot), write)


FORMAT = Format(descriptions.KOITO, _parts, file_name=lambda _: "koito_export.json")
