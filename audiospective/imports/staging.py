"""Gathers what a survey reads into three compact tables: plays, the tracks they name, the rest.

The plays of a million rows take about 60 MB here: each track is kept once, and so is each word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import KINDS, Batch, Broken, Rejected, Skipped
from audiospective.policy.import_limits import MOST_ROWS, MOST_TRACKS, NAME_LENGTH

_WORD = pl.Categorical()
PLAYS = pl.Schema(
    {
        "file": pl.Int16(),
        "row": pl.Int32(),
        "track": pl.Int32(),  # place in TRACKS
        "began": pl.Int64(),
        "ended": pl.Int64(),
        "precision": pl.Int32(),
        "ms_played": pl.Int32(),
        "reason_start": _WORD,
        "reason_end": _WORD,
        "shuffle": pl.Boolean(),
        "skipped": pl.Boolean(),
        "offline": pl.Boolean(),
        "incognito": pl.Boolean(),
        "platform": _WORD,
        "country": _WORD,
    }
)
TRACKS = pl.Schema(
    {
        "kind": pl.Enum(KINDS),
        "spotify_id": pl.String(),
        "isrc": pl.String(),
        "mbid": pl.String(),
        "title": pl.String(),
        "artist": pl.String(),
        "artists": pl.List(pl.String()),
        "album": pl.String(),
        "album_artist": pl.String(),
        "show": pl.String(),
        "length_ms": pl.Int32(),
    }
)
LEFT_OUT = pl.Schema({"file": pl.Int16(), "row": pl.Int32(), "reason": _WORD, "raw": pl.String()})
TABLES = ("plays", "tracks", "left_out")
_NAMES = ("title", "artist", "album", "album_artist", "show")
# No name holds these: sources take control characters out.
_BETWEEN, _APART, _UNKNOWN = "\x1f", "\x1e", "\x1d"


@dataclass
class Tally:
    """What came of one file so far; `broken` is why nothing did."""

    plays: list[pl.DataFrame] = field(default_factory=list)
    left_out: list[Skipped | Rejected] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    broken: str | None = None

    def span(self) -> tuple[int | None, int | None]:
        """The first and last instant, UTC ms."""
        if not self.plays:
            return None, None
        at = pl.coalesce("ended", "began")
        spans = pl.concat([one.select(first=at.min(), last=at.max()) for one in self.plays])
        return spans["first"].min(), spans["last"].max()  # type: ignore[return-value]


class TooMuchError(RefusedError):
    """More than one import may hold."""


class Staging:
    """Takes batches in; `tallies` by number of the file."""

    def __init__(self) -> None:
        self.tallies: defaultdict[int, Tally] = defaultdict(Tally)
        self.rows = 0
        self._numbers: dict[str, int] = {}  # of tracks, by all that is told of them as one text
        self._tracks: list[pl.DataFrame] = []

    def gather(self, batches: Iterable[Batch | Broken], told: Callable[[int], None]) -> None:
        """Take all of them; `told` hears the number of rows so far. Raises TooMuchError."""
        for batch in batches:
            tally = self.tallies[batch.file]
            if isinstance(batch, Broken):
                self.tallies[batch.file] = Tally(broken=batch.sentence)
                continue
            tally.plays.append(self._compact(batch))
            tally.left_out += batch.skipped
            tally.left_out += batch.rejected
            tally.notes += batch.notes
            self.rows += batch.rows
            if self.rows > MOST_ROWS:
                raise TooMuchError(f"There are more than {MOST_ROWS:,} rows in these files.")
            told(self.rows)

    @property
    def tracks(self) -> int:
        """How many different ones are named."""
        return len(self._numbers)

    def taken(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """PLAYS and TRACKS of all that was gathered, which lets go of the plays."""
        return self._table_of_plays(), self._track_table()

    def write(self, folder: Path) -> None:
        """Write TABLES as Parquet files."""
        self._table_of_plays().write_parquet(folder / "plays.parquet", statistics=False)
        self._track_table().write_parquet(folder / "tracks.parquet", statistics=False)
        rows = [
            (file, one.row, one.reason.value, getattr(one, "raw", None))
            for file, tally in sorted(self.tallies.items())
            for one in tally.left_out
        ]
        left_out = pl.DataFrame(rows, schema=LEFT_OUT, orient="row")
        left_out.write_parquet(folder / "left_out.parquet", statistics=False)

    def _table_of_plays(self) -> pl.DataFrame:
        plays = [frame for tally in self.tallies.values() for frame in tally.plays]
        table = pl.concat([pl.DataFrame(schema=PLAYS), *plays])
        for tally in self.tallies.values():
            tally.plays.clear()
        return table

    def _compact(self, batch: Batch) -> pl.DataFrame:
        plays = batch.plays
        if batch.tracks is None:
            told = plays.select(TRACKS.names()).with_row_index("place")
            groups = told.group_by(TRACKS.names(), maintain_order=True).agg("place")
            rows = groups.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "place")
            place = rows.explode("place").sort("place")["row"]
            numbers = self._numbered(groups.drop("place"))
        else:  # only those of plays: a track of rejected rows alone counts for nothing
            used = plays["place"].unique().sort()
            place = used.search_sorted(plays["place"])
            numbers = self._numbered(batch.tracks[used])
        if self.tracks > MOST_TRACKS:
            raise TooMuchError(f"These files name more than {MOST_TRACKS:,} different tracks.")
        return plays.select(
            pl.lit(batch.file, pl.Int16).alias("file"),
            "row",
            numbers.gather(place).alias("track"),
            pl.col("started_at").alias("began"),
            pl.col("ended_at").alias("ended"),
            *PLAYS.names()[5:],
        ).cast(PLAYS)

    def _numbered(self, tracks: pl.DataFrame) -> pl.Series:
        """The numbers of tracks, new ones for those that were not named before."""
        short = tracks.select(TRACKS.names()).with_columns(
            pl.col(_NAMES).str.slice(0, NAME_LENGTH),
            pl.col("artists").list.join(_BETWEEN).str.slice(0, 10 * NAME_LENGTH),
        )
        known, before = self._numbers, len(self._numbers)
        texts = short.select(
            pl.concat_str(pl.all().cast(pl.String).fill_null(_UNKNOWN), separator=_APART)
        ).to_series()
        numbers = pl.Series([known.setdefault(one, len(known)) for one in texts], dtype=pl.Int32)
        new = (numbers >= before) & numbers.is_first_distinct()
        self._tracks.append(short.filter(new))
        return numbers

    def _track_table(self) -> pl.DataFrame:
        joined = pl.Schema({**TRACKS, "artists": pl.String()})
        rows = pl.concat([pl.DataFrame(schema=joined), *self._tracks])
        return rows.with_columns(pl.col("artists").str.split(_BETWEEN)).cast(TRACKS)
