"""What a source yields: plays in columns, and every row that became none with its reason.

It loads Polars: a process that forks imports it only in its children.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from audiospective.imports.reasons import Reason

KINDS = ("track", "episode", "chapter", "unknown")
SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000

# Of `started_at` and `ended_at` at least one is known, in UTC milliseconds.
SCHEMA = pl.Schema(
    {
        "row": pl.Int32(),  # 1 is the first row of its file
        "started_at": pl.Int64(),
        "ended_at": pl.Int64(),
        "precision": pl.Int32(),  # 1, SECOND, MINUTE or DAY: it lies in so many ms from it on
        "zone_known": pl.Boolean(),  # false: wall clock of an unknown zone, counted as if UTC
        "ms_played": pl.Int32(),
        "kind": pl.Enum(KINDS),
        "title": pl.String(),
        "artist": pl.String(),  # the credit as the file writes it
        "artists": pl.List(pl.String()),  # only where the file lists them one by one
        "album": pl.String(),
        "album_artist": pl.String(),  # the only artist that Spotify's exports name
        "show": pl.String(),  # the podcast or the audiobook
        "spotify_id": pl.String(),  # 22 characters; of an episode or chapter where `kind` says so
        "isrc": pl.String(),
        "mbid": pl.String(),  # MusicBrainz recording
        "length_ms": pl.Int32(),
        "reason_start": pl.String(),
        "reason_end": pl.String(),
        "shuffle": pl.Boolean(),
        "skipped": pl.Boolean(),
        "offline": pl.Boolean(),
        "incognito": pl.Boolean(),
        "platform": pl.String(),
        "country": pl.String(),
        "context": pl.String(),  # the URI of the playlist or album it was played from
    }
)
COLUMNS = tuple(SCHEMA)
# What is told of the track and not of the play.
TRACK = (
    *("kind", "spotify_id", "isrc", "mbid", "title", "artist", "artists"),
    *("album", "album_artist", "show", "length_ms"),
)


class Skipped(NamedTuple):
    row: int
    reason: Reason


class Rejected(NamedTuple):
    """`raw` is the row as text, without what is personal, cut to RAW_LIMIT characters."""

    row: int
    reason: Reason
    raw: str


RAW_LIMIT = 2_000


@dataclass
class Batch:
    """Some thousand rows of one file; each row is a play, skipped or rejected, never two of them.

    `file` is its number in the survey. `notes` counts what was unusual and cost no row, by name
    ("foreign_user_name", "unknown_item", "unreadable_ms_played", ...).

    A source that reads in columns may tell each track once: `tracks` has the columns TRACK, and
    `plays` have `place`, the row there, instead of them.
    """

    file: int
    plays: pl.DataFrame
    skipped: Sequence[Skipped] = ()
    rejected: Sequence[Rejected] = ()
    notes: Counter[str] = field(default_factory=Counter)
    tracks: pl.DataFrame | None = None

    @property
    def rows(self) -> int:
        return self.plays.height + len(self.skipped) + len(self.rejected)

    def whole(self) -> pl.DataFrame:
        """The plays with all columns of SCHEMA."""
        if self.tracks is None:
            return self.plays
        told = self.tracks[self.plays["place"]]
        return pl.concat([self.plays, told], how="horizontal").select(COLUMNS)


@dataclass(frozen=True)
class Broken:
    """The file cannot be read to its end: all its batches so far are void; `sentence` says why."""

    file: int
    sentence: str


def frame(plays: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Plays by column name; what a play lacks is unknown."""
    return pl.DataFrame(plays, schema=SCHEMA, orient="row")
