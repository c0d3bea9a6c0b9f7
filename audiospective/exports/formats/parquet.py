"""Parquet: every column with its type, for analysis; also what a restored archive is made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import polars as pl

from audiospective.exports import descriptions
from audiospective.exports.formats.base import Format, Part, one_file, streamed
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot
from audiospective.history import segment
from audiospective.history.catalog import track_facts

LEVEL = 9  # of zstd
ROW_GROUP = 131_072
VERSION = "1"
_FACTS = tuple(name for name in track_facts.SCHEMA if name not in ("track", *track_facts.KEYS))
SCHEMA = pl.Schema(
    {
        **segment.SCHEMA,
        **{name: track_facts.SCHEMA[name] for name in _FACTS},
        "uri": pl.String(),
    }
)


def slices(snapshot: Snapshot) -> Iterator[pl.DataFrame]:
    """Every play with the facts of its track (SCHEMA), some thousand at a time."""
    for some in snapshot.slices(*_FACTS, "uri"):
        yield some.select(SCHEMA.names())


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    quiet = snapshot.watched(lambda _: None)

    def write(out: IO[bytes]) -> None:
        # A join within the query would hold a hundred megabytes more.
        streamed(lambda: slices(quiet), SCHEMA).sink_parquet(
            out,
            compression="zstd",
            compression_level=LEVEL,
            row_group_size=ROW_GROUP,
            metadata={
                "audiospective.export": VERSION,
                "audiospective.owner": snapshot.owner.name,
                "audiospective.time_zone": snapshot.owner.zone,
            },
        )
        snapshot.tick(snapshot.plays)

    return one_file(FORMAT.file_name(snapshot), write)


FORMAT = Format(descriptions.PARQUET, _parts, file_name=lambda _: "plays.parquet")
