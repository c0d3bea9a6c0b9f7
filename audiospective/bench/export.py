"""`bench export`: every export of a large archive, next to Polars writing the same plays."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import polars as pl

from audiospective import clock, environment, models
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, peak_mb, seconds
from audiospective.exports import descriptions, files, snapshot
from audiospective.exports.bundle import writing
from audiospective.exports.formats import FORMATS, csv, parquet
from audiospective.exports.snapshot import Owner, Snapshot
from audiospective.models import User, database

YEARS = 10.0
STEP = "step"
Result = TypeVar("Result")
_TRACK = (
    "title",
    "artists",
    "artist_ids",
    "album",
    "album_id",
    "kind",
    "uri",
    "isrc",
    "duration_ms",
)
_PLAY = (
    *("played_at", "ms_played", "source", "context", "reason_start", "reason_end", "shuffle"),
    *("skipped", "offline", "incognito", "platform", "country", "timing"),
)
OWNER = Owner("bench", "Europe/Berlin")


def run(echo: Echo, *, small: bool, url: str) -> None:
    """Fill an empty database and time every export in a process of its own.

    Reading the archive into the snapshot is stated apart: every format is written from that.
    """
    environment.give_memory_back()  # as workers do
    sizes = (20_000,) if small else (200_000, 1_000_000)
    catalog = Catalog.of(10_000 if small else 120_000)
    catalog_rows(catalog)
    for number, plays in enumerate(sizes):
        user_id = archive(catalog, number, plays, YEARS, full=False)
        echo(f"{plays:,} plays: read from the archive + written, Polars writing the same frame")
        for name in (*FORMATS, descriptions.BUNDLE.name):
            found = _child(url, user_id, name)
            ratio = ""
            if "limit" in found:
                times = found["took"] / found["limit"]
                ratio = f"  Polars {found['limit']:5.2f} s {times:5.1f} x"
            echo(
                f"  {name:<13} {found['read']:6.2f} + {found['took']:6.2f} s"
                f" {found['size'] / 1e6:8.1f} MB  peak memory {found['memory']:4.0f} MB{ratio}"
            )


def _child(url: str, user_id: int, what: str, *folder: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "audiospective.bench.export", url, str(user_id), what, *folder],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _export(url: str, user_id: int, name: str, folder: Path) -> dict[str, float]:
    """From the database to the finished file; the limit is measured last, it takes memory."""
    read, taken = _timed(lambda: snapshot.take(user_id, OWNER, TODAY, folder))
    memory = peak_mb()
    if name == descriptions.BUNDLE.name:
        took, peaks = _timed(lambda: list(_bundle(url, user_id, folder)))
        made, memory = _step(user_id, folder).path, max(memory, *peaks)
    else:
        form = FORMATS[name]
        took, made = _timed(lambda: files.save(form, taken, folder, compatible=False))
        memory = peak_mb()
    found = {"read": read, "took": took, "size": made.stat().st_size, "memory": memory}
    if name in _FRAMES:
        write = _FRAMES[name](taken, folder / "limit")
        found["limit"] = seconds(write)[0]
    return found


def _bundle(url: str, user_id: int, folder: Path) -> Iterator[float]:
    """Take the steps of a bundle, each in a process as each is a job; yields their peaks, MB.

    A worker forks for its jobs; these processes load Polars anew, which is part of the time.
    """
    while True:
        found = _child(url, user_id, STEP, str(folder))
        yield found["memory"]
        if not found["more"]:
            return


def _step(user_id: int, folder: Path) -> writing.Bundle:
    taken = snapshot.load(folder)
    assert taken is not None
    return writing.Bundle(User.get_by_id(user_id), taken, folder, statistics=True)


def _timed(action: Callable[[], Result]) -> tuple[float, Result]:
    began = clock.monotonic()
    made = action()
    return clock.monotonic() - began, made


def _csv(taken: Snapshot, path: Path) -> Callable[[], None]:
    table = pl.concat(csv.rows(taken))
    return lambda: table.write_csv(path)


def _json(taken: Snapshot, path: Path) -> Callable[[], None]:
    """The same keys; Polars writes each play as a line of its own."""
    track = pl.struct(*_TRACK).alias("track")
    table = pl.concat(parquet.slices(taken)).select(*_PLAY, track)
    return lambda: table.write_ndjson(path)


def _parquet(taken: Snapshot, path: Path) -> Callable[[], None]:
    table = pl.concat(parquet.slices(taken))
    return lambda: table.write_parquet(path, compression="zstd", compression_level=parquet.LEVEL)


_FRAMES = {"csv": _csv, "json": _json, "parquet": _parquet}


def main(url: str, user_id: int, what: str, folder: str = "") -> dict[str, float]:
    """One measurement in this process, or one step of a bundle that another one has begun."""
    models.bind(url)
    with database.connection_context(), tempfile.TemporaryDirectory() as home:
        if what == STEP:
            more = _step(user_id, Path(folder)).advance()
            return {"memory": peak_mb(), "more": more}
        return _export(url, user_id, what, Path(home))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])))
