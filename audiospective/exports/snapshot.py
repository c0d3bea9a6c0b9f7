"""A copy of one person's plays in a file, taken once, from which every format is written.

Formats written one after the other agree to the play, whatever is polled or deleted meanwhile, and
the database is read for a moment only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson
import polars as pl

from audiospective import clock
from audiospective.exports import coverage_rows, frames
from audiospective.exports.coverage_rows import CoverageRows
from audiospective.history import reading, recordings, segment, version
from audiospective.history.catalog import track_facts
from audiospective.models import RemovedPlay

SLICE = 32_768  # plays in memory at one time, whatever the length of an archive
TRIES = 5  # times that the archive may change meanwhile
LEVEL = 1  # of zstd: the file is gone in a minute

_ABOUT, _TRACKS, _REMOVED = "about.json", "tracks.parquet", "removed.parquet"
REMOVED = pl.Schema(
    {"played_at": pl.Int64(), "track": pl.Int32(), "removed_at": pl.Int64(), "kept": pl.String()}
)

Tick = Callable[[int], None]


class RestlessError(Exception):
    """The archive changed during each try: no copy is known to hold every play."""


@dataclass(frozen=True)
class Owner:
    """Whose plays these are: what files are named after, and how local times are told."""

    name: str
    zone: str  # IANA


@dataclass(frozen=True)
class Snapshot:
    """The plays (`files`, Parquet with segment.COLUMNS, oldest first) and their tracks.

    `tracks` has the columns of frames.derive, one row for each track, and
    `recording`: the track (of these) that it counts as in figures, usually itself. `removed`
    (REMOVED, rows of RemovedPlay) are the deleted plays; none of them is among the plays.
    `coverage` is what was known to be complete when they were read.
    """

    owner: Owner
    taken_at: datetime
    files: tuple[Path, ...]
    plays: int
    tracks: pl.DataFrame
    removed: pl.DataFrame
    coverage: CoverageRows
    tick: Tick = lambda _: None

    def watched(self, tick: Tick) -> Snapshot:
        """The same snapshot; `tick` is told how the writing goes on."""
        return replace(self, tick=tick)

    def scan(self) -> pl.LazyFrame:
        """All plays, segment.COLUMNS in order, not read yet."""
        return pl.scan_parquet(list(self.files))

    def slices(
        self,
        *facts: str | pl.Expr,
        columns: tuple[str, ...] = segment.COLUMNS,
        size: int = SLICE,
    ) -> Iterator[pl.DataFrame]:
        """The plays in order, `size` at a time: `columns` and what `facts` say of the track.

        `facts` are names or expressions over `tracks`, computed once for each track. Without any
        plays there is one empty slice. After each slice `tick` is told how many plays it had, and
        may raise to stop.
        """
        told = self.tracks.select("track", *facts)
        needed = list(dict.fromkeys(("track", *columns)))
        file = self.scan().select(needed)
        for start in range(0, max(self.plays, 1), size):
            plays = file.slice(start, size).collect()
            together = plays.join(told, on="track", how="left", maintain_order="left")
            yield together.select(*columns, *told.columns[1:])
            self.tick(plays.height)


def take(
    user_id: int,
    owner: Owner,
    now: datetime,
    folder: Path,
    tell: Callable[[], object] = lambda: None,
) -> Snapshot:
    """Copy somebody's plays into `folder`; `now` is written into the files. Reads year by year, and
    calls `tell` after each: one that stands in storage may take its time.

    Begins anew if the archive changed meanwhile: an import writes all years at once, and moves
    plays from segments to rows as well, which had been read by then. Raises RestlessError if it
    changed each time.
    """
    for _ in range(TRIES):
        # Before the plays: what is checked later is no part of them.
        coverage = coverage_rows.read(user_id)
        before, at = _removed(user_id), version.of_plays(user_id)
        files, met, count = _copied(user_id, folder, tell)
        unchanged = version.of_plays(user_id) == at
        if unchanged and coverage_rows.read(user_id).gaps == coverage.gaps:
            break
    else:
        raise RestlessError(f"the archive of member {user_id} changed during {TRIES} copies")
    tracks = frames.derive(track_facts.of(pl.concat(met)))
    known = recordings.of(user_id).follow(tracks.select("track"), "counted")
    there = pl.col("counted").is_in(tracks["track"].implode())
    recording = pl.when(there).then("counted").otherwise("track").alias("recording")
    tracks = tracks.join(known.select("track", recording), on="track", maintain_order="left")
    # A deletion that was undone meanwhile is in the first list only, a new one in the second.
    removed = pl.concat([before, _removed(user_id)]).unique(segment.KEY, maintain_order=True)
    made = Snapshot(owner, now, tuple(files), count, tracks, removed, coverage)
    made = replace(made, removed=_gone(made))
    _save(made, folder)
    return made


def _copied(
    user_id: int, folder: Path, tell: Callable[[], object]
) -> tuple[list[Path], list[pl.Series], int]:
    """Files, the tracks of each, and how many plays they hold."""
    for left in folder.glob("snapshot-*.parquet"):
        left.unlink()
    files: list[Path] = []
    met: list[pl.Series] = []
    count = 0
    for number, (start, end) in enumerate(reading.spans(user_id)):
        plays = reading.frame(user_id, start, end)
        met.append(plays["track"].unique())
        count += plays.height
        files.append(folder / f"snapshot-{number:04}.parquet")
        plays.write_parquet(
            files[-1], compression_level=LEVEL, row_group_size=SLICE, statistics=False
        )
        tell()
    return files, met, count


def load(folder: Path) -> Snapshot | None:
    """The snapshot that was taken into `folder`, or None if none was taken to its end."""
    about = folder / _ABOUT
    if not (about.exists() and (folder / _REMOVED).exists()):
        return None
    told = orjson.loads(about.read_bytes())
    if "coverage" not in told:
        return None  # taken by a release that did not note it
    files = tuple(sorted(folder.glob("snapshot-*.parquet")))
    coverage = CoverageRows(**told["coverage"])
    tracks, removed = (pl.read_parquet(folder / name) for name in (_TRACKS, _REMOVED))
    at = clock.from_ms(told["taken_at"])
    return Snapshot(Owner(**told["owner"]), at, files, told["plays"], tracks, removed, coverage)


def _removed(user_id: int) -> pl.DataFrame:
    rows = [
        (stone.played_at, stone.track, clock.to_ms(stone.removed_at), stone.kept)
        for stone in RemovedPlay.select().where(RemovedPlay.user == user_id)
    ]
    return pl.DataFrame(rows, schema=REMOVED, orient="row")


def _gone(made: Snapshot) -> pl.DataFrame:
    """Those deleted plays that are not among the plays that were read."""
    if made.removed.is_empty() or not made.files:
        return made.removed
    plays = made.scan().select(pl.col("played_at").to_physical(), "track")
    return made.removed.lazy().join(plays, on=segment.KEY, how="anti").collect()


def _save(made: Snapshot, folder: Path) -> None:
    made.removed.write_parquet(folder / _REMOVED, compression_level=LEVEL, statistics=False)
    made.tracks.write_parquet(folder / _TRACKS, compression_level=LEVEL, statistics=False)
    told = {
        "owner": asdict(made.owner),
        "taken_at": clock.to_ms(made.taken_at),
        "plays": made.plays,
        "coverage": asdict(made.coverage),
    }
    (folder / _ABOUT).write_bytes(orjson.dumps(told))  # last: it says that the others are whole
