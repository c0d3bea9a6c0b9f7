"""The segment format: plays of one person and UTC year as a Parquet file.

docs/archive-format.md describes it for everybody else.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

FORMAT = 1
LEVEL = 15  # of zstd: 3 % smaller than the default, still under a microsecond a play
INSTANT = pl.Datetime("ms", "UTC")
SCHEMA = pl.Schema(
    {
        "played_at": INSTANT,
        "track": pl.Int32(),
        "source": pl.Int8(),
        "ms_played": pl.Int32(),
        "context": pl.String(),
        "reason_start": pl.String(),
        "reason_end": pl.String(),
        "shuffle": pl.Boolean(),
        "skipped": pl.Boolean(),
        "offline": pl.Boolean(),
        "incognito": pl.Boolean(),
        "platform": pl.String(),
        "country": pl.String(),
        "import_id": pl.Int32(),
        "timing": pl.Int8(),
        "seen": pl.Int32(),
    }
)
COLUMNS = tuple(SCHEMA)
KEY = ("played_at", "track")


# How two rows of one play become one; of every other column the first known value counts.
_ONE = {
    "source": pl.col("source").bitwise_or(),
    "seen": pl.col("seen").bitwise_or(),
    "timing": pl.when(pl.col("timing").null_count() == 0).then(pl.col("timing").min()),
}


class UnreadableSegmentError(Exception):
    """The bytes are no segment of a known format."""


class ExhaustedError(Exception):
    """This process got no threads, memory or files to read with: that says nothing of the bytes."""


def encode(plays: pl.DataFrame) -> bytes:
    """A file of plays (all COLUMNS) in the order of their keys.

    A column in which nothing is known is left out: most people's years are polled, and ten empty
    columns would cost as much as a few hundred plays.
    """
    file = io.BytesIO()
    known = [name for name in COLUMNS if name in KEY or plays[name].null_count() < plays.height]
    plays.match_to_schema(SCHEMA).select(known).sort(KEY).write_parquet(
        file,
        compression="zstd",
        compression_level=LEVEL,
        statistics=False,  # the row beside the file knows its range
        metadata={"audiospective.format": str(FORMAT)},
    )
    return file.getvalue()


def decode(blob: bytes, columns: Sequence[str] = COLUMNS, version: int = FORMAT) -> pl.DataFrame:
    """The plays of a file, only `columns`, in order; raises UnreadableSegmentError.

    Whether the bytes are the ones that were written is for the caller to check: a damaged file
    may decode to something.
    """
    if version != FORMAT:
        raise UnreadableSegmentError(f"format {version} is not known, only {FORMAT}")
    return decode_all([blob], columns)[0]


def decode_all(blobs: Sequence[bytes], columns: Sequence[str] = COLUMNS) -> list[pl.DataFrame]:
    """The same for several files of this format: together they take half as long.

    Raises ExhaustedError as well: where threads cannot be made, Polars panics.
    """
    try:
        known = [pl.read_parquet_schema(blob) for blob in blobs]
        scans = [
            pl.scan_parquet(io.BytesIO(blob), use_statistics=False).select(
                # one column tells how many plays there are
                [name for name in columns if name in found] or ["track"]
            )
            for blob, found in zip(blobs, known, strict=True)
        ]
        plays = pl.collect_all(scans)
    except (PanicException, OSError, MemoryError) as error:
        raise ExhaustedError(str(error).partition("\n")[0]) from None
    except PolarsError as error:
        raise UnreadableSegmentError(str(error).partition("\n")[0]) from None
    return [_whole(one, found, columns) for one, found in zip(plays, known, strict=True)]


def _whole(
    plays: pl.DataFrame, found: Mapping[str, pl.DataType], columns: Sequence[str]
) -> pl.DataFrame:
    wrong = [name for name, kind in found.items() if SCHEMA.get(name) != kind]
    if wrong or not set(KEY) <= found.keys():
        raise UnreadableSegmentError(f"its columns are not those of format {FORMAT}: {wrong}")
    missing = [name for name in columns if name not in found]
    if missing:
        plays = plays.with_columns(pl.lit(None, SCHEMA[name]).alias(name) for name in missing)
    return plays.select(columns)


def of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Plays from rows by column name, `played_at` in milliseconds; what a row lacks is unknown."""
    columns = {**SCHEMA, "played_at": pl.Int64()}
    return pl.DataFrame(rows, schema=columns, orient="row").cast(SCHEMA)


def merge(plays: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames with the same columns (the key's among them) as one: each key once, in order.

    Of two rows with one key the earlier frame's facts count and the later one's fill what is
    unknown; the sources add up (poll 1, import 2, both 3), and the better timing counts.
    """
    together = pl.concat(plays)
    doubled = together.select(pl.struct(KEY).is_duplicated()).to_series()
    if doubled.any():
        others = [name for name in together.columns if name not in KEY]
        one = (
            together.filter(doubled)
            .group_by(KEY, maintain_order=True)
            .agg(_ONE.get(name, pl.col(name).drop_nulls().first()) for name in others)
            .select(together.columns)
        )
        together = pl.concat([together.filter(~doubled), one])
    return together.sort(KEY)
