"""The tables of an import in storage: by them it can be taken back, or kept when another is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from audiospective.clients.storage import DamagedError, Storage, Told
from audiospective.imports import scratch, storing
from audiospective.imports.apply_import import Staged
from audiospective.imports.findings import Findings
from audiospective.models.imports import Import

SHEET = "sheet"
LEFT_OUT = ["file", "row", "reason"]  # without the rows as they were: those are large


def put_files(
    storage: Storage,
    row: Import,
    folder: Path,
    names: Iterable[str],
    tell: Callable[[], object] = lambda: None,
) -> int:
    """Keep what reading left in a folder; bytes. Meanwhile `tell` is called."""
    size = 0
    for name in names:
        tell()
        with Told(folder / name, tell) as file:
            size += storing.put(storage, f"{storing.home(row)}/{name}", file)
    return size


def staged(storage: Storage, row: Import) -> Staged:
    """The tables of an import; raises storage.MissingError, DamagedError."""
    return Staged(
        plays=table(storage, row, "plays"),
        tracks=table(storage, row, "tracks"),
        left_out=table(storage, row, "left_out", LEFT_OUT),
        findings=Findings.loads(row.findings),
    )


def table(
    storage: Storage, row: Import, name: str, columns: list[str] | None = None
) -> pl.DataFrame:
    """One of them, with all or some of its columns; raises storage.MissingError, DamagedError."""
    key = f"{storing.home(row)}/{name}.parquet"
    with storage.open(key) as file:
        try:
            return pl.read_parquet(file, columns=columns)
        except (PolarsError, PanicException) as error:
            raise DamagedError(f"{key}: {error}") from None


def put_sheet(storage: Storage, row: Import, sheet: pl.DataFrame, home: Path) -> int:
    """Keep what became of every row; bytes. On its way it lies under `home`, not in /tmp."""
    with scratch.folder(home) as folder:
        path = folder / SHEET
        sheet.write_parquet(path, statistics=False)
        with path.open("rb") as file:
            return storing.put(storage, f"{storing.home(row)}/{SHEET}.parquet", file)
