"""Spotify's own extended form, which most viewers and trackers read.

Its rows have 23 keys; what Spotify knows and this archive does not (addresses of devices, the
artist of an album) is null or the nearest that is known. Where `platform` is unknown, or the row
is not what Spotify's would be, it says who wrote the row, what its time is, and what was filled in
(policy/own_rows.py), so that the row is known when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import IO

import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats import changes as kinds
from audiospective.exports.formats.base import Format, Part, Write
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot
from audiospective.policy.own_rows import BEFORE, FILLED_IN
from audiospective.policy.timing import BY_START, SECOND, Timing

FOLDER = "Spotify Extended Streaming History"
ROWS = 15_000  # a file; Spotify's own have 15,500 to 19,400
BYTES = 12_000_000  # and are no larger than this
SHORTEST = 30_000  # ms; what others take for a play when nothing is known of its length
DONE = "trackdone"
_NULL = pl.lit(None, pl.String)
_MUSIC = pl.col("kind") == "track"
_EPISODE = pl.col("kind") == "episode"
_BOOK = pl.col("kind") == "chapter"
_SHOW = pl.coalesce(frames.known("album"), frames.known("artist"))


def _only(which: pl.Expr, value: pl.Expr, name: str) -> pl.Expr:
    return pl.when(which).then(value).otherwise(_NULL).alias(name)


_TITLE = frames.known("title")
_TRACK = (
    _only(_MUSIC, _TITLE, "master_metadata_track_name"),
    _only(_MUSIC, frames.known("artist"), "master_metadata_album_artist_name"),
    _only(_MUSIC, frames.known("album"), "master_metadata_album_album_name"),
    _only(_MUSIC, pl.col("uri"), "spotify_track_uri"),
    _only(_EPISODE, _TITLE, "episode_name"),
    _only(_EPISODE, _SHOW, "episode_show_name"),
    _only(_EPISODE, pl.col("uri"), "spotify_episode_uri"),
    _only(_BOOK, _SHOW, "audiobook_title"),
    _NULL.alias("audiobook_uri"),
    _only(_BOOK, pl.col("uri"), "audiobook_chapter_uri"),
    _only(_BOOK, _TITLE, "audiobook_chapter_title"),
)
_BEGAN = pl.col("timing").is_in([int(one) for one in BY_START]).fill_null(value=False)
_FILLED = pl.coalesce("ms_played", "duration_ms", pl.lit(SHORTEST))
# Readers take `ts` for the end and count back from it.
_END = (
    pl.when(_BEGAN)
    .then(frames.PLAYED.dt.truncate("1s") + pl.duration(milliseconds=_FILLED // SECOND * SECOND))
    .otherwise(frames.PLAYED)
)
_NAMES = [expression.meta.output_name() for expression in _TRACK]


def _rows(plays: pl.DataFrame, *, compatible: bool) -> bytes:
    at, heard, ended = frames.PLAYED, pl.col("ms_played"), pl.col("reason_end")
    if compatible:
        at, heard, ended = _END, _FILLED.alias("ms_played"), ended.fill_null(DONE)
    table = plays.select(
        at.dt.strftime(frames.UTC_S).alias("ts"),
        _platform(compatible=compatible),
        heard,
        pl.col("country").alias("conn_country"),
        _NULL.alias("ip_addr"),
        *_NAMES,
        "reason_start",
        ended,
        "shuffle",
        "skipped",
        "offline",
        # Some readers divide by it; nought is what Spotify writes for a play that was online.
        pl.lit(0 if compatible else None, pl.Int64).alias("offline_timestamp"),
        pl.col("incognito").alias("incognito_mode"),
    )
    out = BytesIO()
    table.write_ndjson(out)
    return out.getvalue().rstrip(b"\n").replace(b"\n", b",\n  ")


def _platform(*, compatible: bool) -> pl.Expr:
    """The program that a play is from; in place of it, or before it where it matters, a mark.

    It matters where the time is no end, or the time or how long it was heard is filled in. Why a
    play ended does not: so rows that Spotify told stay as they were, but for the first of a file,
    by which the file is known as one of ours: it has what the archive has, and closes no gap.
    """
    platform, mark = frames.known("platform"), frames.SENDER
    # What looks like a mark itself has one before it, which alone is taken off.
    matters = (mark != Timing.END.sender) | platform.str.starts_with(Timing.END.sender)
    matters |= pl.int_range(pl.len()) == 0
    if compatible:
        mark, matters = _mark(), matters | pl.col("ms_played").is_null()
    return (
        pl.when(platform.is_null())
        .then(mark)
        .when(matters)
        .then(pl.format(BEFORE, mark, platform))
        .otherwise(platform)
        .alias("platform")
    )


def _mark() -> pl.Expr:
    """Who wrote the row, and which of its values this archive does not know."""
    filled = pl.concat_str(
        pl.when(_BEGAN).then(pl.lit("ts")),
        pl.when(pl.col("ms_played").is_null()).then(pl.lit("ms_played")),
        pl.when(pl.col("reason_end").is_null()).then(pl.lit("reason_end")),
        separator=", ",
        ignore_nulls=True,
    )
    return (
        pl.when(filled == "")
        .then(frames.SENDER)
        .otherwise(pl.format(FILLED_IN, frames.SENDER, filled))
    )


def _note(plays: pl.DataFrame, changes: Changes) -> None:
    unknown, length = pl.col("ms_played").is_null(), pl.col("duration_ms").is_null()
    changes.note(
        plays,
        kinds.FILLED,
        pl.concat_str(
            pl.when(_BEGAN).then(pl.lit("ts: the beginning, which alone is known, and ms_played")),
            pl.when(unknown & length)
            .then(pl.lit("ms_played: 30000, neither it nor the length is known"))
            .when(unknown)
            .then(pl.lit("ms_played: the length of the track")),
            pl.when(pl.col("reason_end").is_null()).then(pl.lit("reason_end: trackdone")),
            separator="; ",
            ignore_nulls=True,
        ).replace("", None),
    )
    missing = pl.when(pl.col("uri").is_null()).then(
        pl.lit("stays in the file, but readers that go by Spotify's id skip it: there is none")
    )
    changes.note(plays, kinds.KEPT, missing)


def _pieces(plays: pl.DataFrame, *, compatible: bool) -> Iterator[tuple[pl.DataFrame, bytes]]:
    """The rows of one file, or of several if names are so long that it would grow too large."""
    rows = _rows(plays, compatible=compatible)
    if len(rows) <= BYTES or plays.height < 2:
        yield plays, rows
        return
    half = plays.height // 2
    yield from _pieces(plays[:half], compatible=compatible)
    yield from _pieces(plays[half:], compatible=compatible)


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    number = 0
    facts = dict.fromkeys((*kinds.FACTS, "duration_ms"))
    for plays in snapshot.slices(*_TRACK, *facts, size=ROWS):
        if changes:
            _note(plays, changes)
        for piece, rows in _pieces(plays, compatible=changes is not None):
            yield Part(_path(piece, number), _writer(rows))
            number += 1


def _path(plays: pl.DataFrame, number: int) -> str:
    years = plays["played_at"].dt.year().unique().sort()
    span = "-".join(str(year) for year in dict.fromkeys((years.first(), years.last())) if year)
    return f"{FOLDER}/Streaming_History_Audio_{span or 'none'}_{number}.json"


def _writer(rows: bytes) -> Write:
    def write(out: IO[bytes]) -> None:
        out.write(b"[" + (b"\n  " + rows + b"\n" if rows else b"") + b"]\n")

    return write


FORMAT = Format(
    descriptions.SPOTIFY, _parts, file_name=lambda _: "my_spotify_data.zip", zipped=True
)
