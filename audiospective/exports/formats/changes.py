"""The list of what a compatible export filled in, moved or left out, play by play."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import polars as pl

from audiospective.exports import frames
from audiospective.exports.formats.spreadsheet_guard import guarded

FILE_NAME = "CHANGES.csv"
CHUNK = 1 << 20
FILLED = "filled in"
LEFT_OUT = "left out"
MOVED = "moved"
KEPT = "kept, yet"
HEADER = ("played_at", "spotify_uri", "artist", "track", "change", "detail")
FACTS = ("uri", "artist", "title")  # columns of tracks that a slice needs, to be listed


class Changes:
    """Collects the list in a file beside the export; `counts` by kind of change."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.path.write_text("\ufeff" + ",".join(HEADER) + "\r\n", encoding="utf-8")
        self.counts = {FILLED: 0, LEFT_OUT: 0, MOVED: 0, KEPT: 0}

    def note(self, plays: pl.DataFrame, change: str, detail: pl.Expr) -> None:
        """List the plays of a slice for which `detail` (text) is not null.

        The slice has played_at and FACTS.
        """
        told = plays.with_columns(detail.alias("detail")).filter(pl.col("detail").is_not_null())
        if told.is_empty():
            return
        self.counts[change] += told.height
        rows = told.select(
            pl.col("played_at").dt.strftime(frames.UTC_MS),
            "uri",
            guarded(pl.col("artist")).alias("artist"),
            guarded(pl.col("title")).alias("title"),
            pl.lit(change).alias("change"),
            "detail",
        )
        with self.path.open("ab") as file:
            rows.write_csv(file, include_header=False, line_terminator="\r\n")

    def write(self, out: IO[bytes]) -> None:
        """Copy the list to where the export goes."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                out.write(chunk)
