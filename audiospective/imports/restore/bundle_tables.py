"""Reads a bundle in the bounded process: what comes out has the types and ranges of an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl
from polars.exceptions import PanicException, PolarsError

from audiospective.clients.recently_played import ID_LIMIT, TEXT_LIMIT
from audiospective.history import segment
from audiospective.history.catalog import track_facts
from audiospective.imports.errors import ContainerError
from audiospective.imports.restore import bundle_state, files
from audiospective.imports.staging import TooMuchError
from audiospective.policy.import_limits import MOST_ROWS, MOST_TRACKS
from audiospective.policy.timing import Timing

PLAYS, TRACKS, REMOVED, STATE = (
    "restore-plays.parquet", "restore-tracks.parquet", "restore-removed.parquet",
    "restore-state.json",
)  # fmt: skip
OUT = (PLAYS, TRACKS, REMOVED, STATE)
REMOVED_SCHEMA = pl.Schema(
    {**segment.SCHEMA, "removed_at": segment.INSTANT, "undoable": pl.Boolean()}
)
WRONG = "The bundle's {} is not what an archive's is."
# Columns that came after the first bundles were made: unknown in all rows where one lacks them.
LATER: frozenset[str] = frozenset()
# What polls archive comes back: these are no narrower than clients.recently_played.
_CREDITS = 10_000  # artists of a track; of a choir or a charity there are more than a hundred
_KINDS = ("track", "episode", "chapter")
_ID = f"^[0-9A-Za-z]{{1,{ID_LIMIT}}}$"
_COVER = r"^https://i\.scdn\.co/image/[0-9a-f]{40}$"


def read(bundle: Path, scratch: Path, out: Path) -> dict[str, Any]:
    """Leave OUT in `out`; what the state says, checked. Raises ContainerError."""
    found = files.taken_out(bundle, scratch)
    if found[files.STATE].stat().st_size > bundle_state.MOST_BYTES:
        raise ContainerError(WRONG.format(files.STATE))
    state = bundle_state.state(found[files.STATE].read_bytes())
    tracks = _tracks(found[files.TRACKS])
    known = tracks["track"]
    plays = _plays(found[files.PLAYS], files.PLAYS, segment.SCHEMA, known)
    if plays.height != state["plays"]:
        raise ContainerError(WRONG.format(files.PLAYS))
    removed = _plays(found[files.REMOVED], files.REMOVED, REMOVED_SCHEMA, known)
    if not removed.filter(_impossible("removed_at") | pl.col("undoable").is_null()).is_empty():
        raise ContainerError(WRONG.format(files.REMOVED))
    for name, table in ((PLAYS, plays), (TRACKS, tracks), (REMOVED, removed)):
        table.write_parquet(out / name, statistics=False)
    (out / STATE).write_bytes(orjson.dumps(state))
    return state | {
        "removed": removed.height,
        "tracks": tracks.height,
        "first_at": plays["played_at"].to_physical().min(),
        "last_at": plays["played_at"].to_physical().max(),
    }


def _plays(path: Path, name: str, schema: pl.Schema, known: pl.Series) -> pl.DataFrame:
    plays = _table(path, name, schema, MOST_ROWS)
    wrong = plays.select(
        (
            _impossible("played_at")
            | pl.col("track").is_null()
            | ~pl.col("source").is_between(0, 3)
            | (pl.col("ms_played") < 0)
            | ~pl.col("timing").is_in([int(one) for one in Timing])
            | (pl.col("seen") < 0)
        ).any(),
    ).item()
    if (
        wrong
        or plays.select(pl.struct(segment.KEY).is_duplicated().any()).item()
        or not plays["track"].unique().is_in(known.implode()).all()
    ):
        raise ContainerError(WRONG.format(name))
    return plays.sort(segment.KEY)


def _tracks(path: Path) -> pl.DataFrame:
    tracks = _table(path, files.TRACKS, track_facts.SCHEMA, MOST_TRACKS)
    lengths = [pl.col(name).list.len() for name in ("artists", "artist_ids", "artist_keys")]
    wrong = tracks.select(
        (
            pl.col("track").is_null()
            | pl.col("title").is_null()
            | ~pl.col("kind").is_in(_KINDS).fill_null(value=False)
            | ~pl.col("spotify_id").str.contains(_ID)
            | ~pl.col("album_id").str.contains(_ID)
            | ~pl.col("artist_ids").list.eval(pl.element().str.contains(_ID)).list.all()
            | (lengths[0] != lengths[1])
            | (lengths[0] != lengths[2])
            | (lengths[0] > _CREDITS)
            | pl.col("artists").list.eval(pl.element().is_null()).list.any()
            | (pl.col("duration_ms") < 0)
        ).any()
    ).item()
    if wrong or tracks["track"].is_duplicated().any():
        raise ContainerError(WRONG.format(files.TRACKS))
    # A cover from elsewhere is left out: pages would show it, and the next poll tells it again.
    covers = pl.when(pl.col("image_url").str.contains(_COVER)).then("image_url")
    return tracks.with_columns(image_url=covers).sort("track")


def _table(path: Path, name: str, schema: pl.Schema, most: int) -> pl.DataFrame:
    """The columns of `schema`, texts cut and without what databases refuse."""
    try:
        scan = pl.scan_parquet(path)
        there = scan.collect_schema()
        lacking = schema.keys() & LATER - there.keys()
        if any(
            there.get(column) != kind for column, kind in schema.items() if column not in lacking
        ):
            raise ContainerError(WRONG.format(name))
        scan = scan.with_columns(pl.lit(None, schema[column]).alias(column) for column in lacking)
        if scan.select(pl.len()).collect().item() > most:
            raise TooMuchError(f"It holds more than {most:,} rows in {name}.")
        cut = [_cut(pl.col(name)) for name, kind in schema.items() if kind == pl.String]
        cut += [
            pl.col(name).list.eval(_cut(pl.element()))
            for name, kind in schema.items()
            if kind == pl.List(pl.String)
        ]
        return scan.select(schema.names()).with_columns(cut).collect()
    except (PolarsError, PanicException, OSError, MemoryError):
        raise ContainerError(files.DAMAGED.format(name)) from None


def _cut(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, TEXT_LIMIT).str.replace_all("\0", "", literal=True)


def _impossible(column: str) -> pl.Expr:
    inside = pl.col(column).is_between(bundle_state.EARLIEST, bundle_state.LATEST)
    return ~inside.fill_null(value=False)
