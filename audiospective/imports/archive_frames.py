"""Somebody's plays while imports are worked into them, in memory.

A track of a file has a number below zero until its plays are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.history import segment
from audiospective.imports import identity
from audiospective.models.plays import FROM_POLL, SENT_LIVE
from audiospective.policy.timing import BY_END, BY_HEARD, Timing

# What a play is told of besides its time and track; a better source's word replaces these.
FACTS = (
    "ms_played",
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    "incognito",
    "platform",
    "country",
)
SENT = ("ms_played", "platform")  # what of it a player that sends a play may tell
# What the instant of a deleted play is once the time heard is dropped, and its beginning with it.
ENDS = {Timing.HEARD: Timing.END_SECOND, Timing.HEARD_MINUTE: Timing.END_MINUTE}
_WORDS = pl.Categorical()  # few different ones, in a million plays
PLAYS = pl.Schema(
    {
        "at": pl.Int64(),
        **{name: kind for name, kind in segment.SCHEMA.items() if name != "played_at"},
        **dict.fromkeys(("context", "reason_start", "reason_end", "platform", "country"), _WORDS),
        "removed": pl.Boolean(),  # deleted by its owner: it only keeps others from coming back
    }
)


@dataclass(frozen=True)
class ArchiveFrames:
    """`plays` (PLAYS, in order) and all their `tracks` (identity.TRACKS)."""

    plays: pl.DataFrame
    tracks: pl.DataFrame


def of(plays: pl.DataFrame, removed: pl.DataFrame, tracks: pl.DataFrame) -> ArchiveFrames:
    """From plays as history has them (segment.SCHEMA), deleted ones as well."""
    parts = [
        part.select(
            pl.col("played_at").to_physical().alias("at"),
            pl.exclude("played_at"),
            pl.lit(gone).alias("removed"),
        )
        .select(PLAYS.names())
        .cast(PLAYS)
        for part, gone in ((plays, False), (removed, True))
    ]
    return ArchiveFrames(pl.concat(parts).sort("at", "track"), tracks)


def as_plays(frames: ArchiveFrames) -> pl.DataFrame:
    """Back to what history stores, deleted ones left out; words still as numbers, see replacing."""
    gone = frames.plays["removed"]
    return _as_history_has_them(frames.plays.filter(~gone) if gone.any() else frames.plays)


def deleted(frames: ArchiveFrames) -> pl.DataFrame:
    """The deleted plays as history stores plays (segment.SCHEMA)."""
    return _as_history_has_them(frames.plays.filter("removed")).cast(segment.SCHEMA)


def _as_history_has_them(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.with_columns(pl.col("at").cast(segment.INSTANT).alias("played_at")).select(
        segment.COLUMNS
    )


def without_imports(
    frames: ArchiveFrames, import_ids: list[int], live: int | None = None
) -> ArchiveFrames:
    """As if these imports had never been: what only they tell is gone, polls are as they came.

    What a player sent, too, stays as something that only the player told, with the time that is
    known of it: nothing is kept from which it could be told again. `live` is the import that stands
    for all that players send. A deleted play stays; one that only they told is then of no source,
    and keeps when it began and ended: else a file that stays would bring it back, and the next play
    of its track would be taken for it.
    """
    removed = pl.col("removed")
    polled = pl.col("source") & FROM_POLL != 0
    sent = (pl.col("seen") & SENT_LIVE != 0).fill_null(value=False)
    filled = (pl.col("import_id") == pl.lit(live, pl.Int32)) & (pl.col("seen") != SENT_LIVE)
    theirs = (pl.col("import_id").is_in(import_ids) | filled).fill_null(value=False)
    kept = frames.plays.filter(~theirs | polled | sent | removed)
    stays = dict.fromkeys(SENT, sent)
    stays["ms_played"] = sent | (removed & ~polled)
    lost = [
        pl.when(theirs & ~stays[name] if name in stays else theirs)
        .then(None)
        .otherwise(name)
        .alias(name)
        for name in FACTS
    ]
    after = {  # without a poll, the time of what was sent is the one that the import told
        "timing": pl.when(theirs & polled).then(None).otherwise("timing"),
        "import_id": pl.when(theirs).then(pl.when(sent).then(live)).otherwise("import_id"),
        "seen": pl.when(theirs).then(pl.when(sent).then(SENT_LIVE)).otherwise("seen"),
        "source": pl.when(theirs & ~sent).then(pl.col("source") & FROM_POLL).otherwise("source"),
    }
    plays = kept.with_columns(*lost, *(after[name].cast(PLAYS[name]).alias(name) for name in after))
    return ArchiveFrames(plays, used(frames.tracks, plays))


def used(tracks: pl.DataFrame, plays: pl.DataFrame) -> pl.DataFrame:
    """Those tracks that the plays are of."""
    return tracks.join(plays.select("track").unique(), on="track", how="semi")


def observed(plays: pl.DataFrame) -> pl.DataFrame:
    """What the plays tell of their time, as `observations.spans` wants it, but for the length."""
    # What only a newer release knows of it is taken for the end of the play, as files are read.
    known = pl.col("timing").is_in([int(one) for one in Timing])
    timing = pl.when(known).then("timing").otherwise(int(Timing.END))
    heard = timing.is_in([int(one) for one in BY_HEARD])
    ends = timing.is_in([int(one) for one in BY_END])
    precision = timing.replace_strict(
        {int(one): one.precision for one in Timing}, return_dtype=pl.Int32
    )
    return plays.select(
        "track",
        began=pl.when(heard).then(pl.col("at") - pl.col("ms_played")).when(~ends).then("at"),
        ended=pl.when(ends).then("at"),
        precision=precision,
        played=pl.col("ms_played"),
    )


def timing(ended: str, precision: str, played: str) -> pl.Expr:
    """The Timing of what a file tells; names of columns."""
    exact = pl.col(precision)
    by_end = (
        pl.when(exact <= Timing.END.precision)
        .then(int(Timing.END))
        .when(exact <= Timing.END_SECOND.precision)
        .then(int(Timing.END_SECOND))
        .when(exact <= Timing.END_MINUTE.precision)
        .then(int(Timing.END_MINUTE))
        .otherwise(int(Timing.END_DAY))
    )
    by_beginning = (
        pl.when(exact > Timing.BEGAN_MINUTE.precision)
        .then(int(Timing.BEGAN_DAY))
        .when(pl.col(played).is_not_null())
        .then(
            pl.when(exact <= Timing.HEARD.precision)
            .then(int(Timing.HEARD))
            .otherwise(int(Timing.HEARD_MINUTE))
        )
        .when(exact <= Timing.BEGAN.precision)
        .then(int(Timing.BEGAN))
        .otherwise(int(Timing.BEGAN_MINUTE))
    )
    return pl.when(pl.col(ended).is_not_null()).then(by_end).otherwise(by_beginning).cast(pl.Int8)


def nothing() -> ArchiveFrames:
    """An archive without plays."""
    return ArchiveFrames(pl.DataFrame(schema=PLAYS), pl.DataFrame(schema=identity.TRACKS))
