"""What a review worked out, kept so that adding the plays need not work it out again.

It counts only if all that it was worked out from is still the same; else nobody looks at it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl
from polars.exceptions import PanicException, PolarsError

from audiospective import __version__
from audiospective.clients.storage import DamagedError, MissingError, Storage
from audiospective.history import relinked, replacing
from audiospective.imports import archive_frames, covered_gaps, scratch, storing
from audiospective.imports.archive_frames import PLAYS, ArchiveFrames
from audiospective.models.imports import Import

# Raise it whenever a result would be worked out otherwise than by the code before: then nobody adds
# one from before a deploy.
_FORMAT = 6
_ROWS = 1 << 18  # at a time, since a million need much room on their way to a file
_MARK, _ENDS_OF_DAYS = "audiospective.mark", "audiospective.shores"


@dataclass(frozen=True)
class Result:
    """The archive's `plays` (PLAYS) with the import, new tracks below zero; see covered_gaps."""

    plays: pl.DataFrame
    ends_of_days: covered_gaps.EndsOfDays


def mark(
    row: Import,
    before: replacing.Snapshot,
    found: ArchiveFrames,
    tracks: pl.DataFrame,
    restores: Sequence[int],
) -> str:
    """A hash of everything that a result depends on; `tracks` are those of the import's files.

    `before` and `found` are the archive, as `archive.opened` gives it.
    """
    links = relinked.known(tracks["spotify_id"].drop_nulls().to_list())
    told = (_FORMAT, __version__, pl.__version__, row.id, row.choices, sorted(restores),
            sorted(before.segments.items()), sorted(links.items()))  # fmt: skip
    made = hashlib.sha256(orjson.dumps(told))
    for frame in (before.rows, archive_frames.deleted(found), found.tracks.sort("track")):
        file = io.BytesIO()
        frame.rechunk().write_ipc(file, compat_level=pl.CompatLevel.oldest())
        made.update(file.getvalue())
    return made.hexdigest()


def put(storage: Storage, row: Import, made_of: str, result: Result, home: Path) -> None:
    """Keep the result of a review; `made_of` is its mark. On its way it lies under `home`."""
    told = {_MARK: made_of, _ENDS_OF_DAYS: orjson.dumps(result.ends_of_days).decode()}
    with scratch.folder(home) as folder:
        path = folder / storing.RESULT
        result.plays.write_parquet(
            path, compression="lz4", statistics=False, row_group_size=_ROWS, metadata=told
        )
        with path.open("rb") as file:
            storage.put(f"{storing.home(row)}/{storing.RESULT}", file)


def get(storage: Storage, row: Import, made_of: str, plays: int) -> Result | None:
    """The result with this mark and so many plays; None if there is none, or another one."""
    try:
        with storage.open(f"{storing.home(row)}/{storing.RESULT}") as file:
            stored = io.BytesIO(file.read())
        told = pl.read_parquet_metadata(stored)
        if told.get(_MARK) != made_of:
            return None
        stored.seek(0)
        found = pl.read_parquet(stored)
    except (MissingError, DamagedError, PolarsError, PanicException, OSError):
        return None
    if found.schema != PLAYS or found.height != plays:
        return None
    return Result(found, orjson.loads(told[_ENDS_OF_DAYS]))
