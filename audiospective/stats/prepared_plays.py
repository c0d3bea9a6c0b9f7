"""Plays ready to be counted: in the member's clock, by the member's rule, each with its amount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from audiospective.history.catalog import frames
from audiospective.models.plays import FROM_IMPORT
from audiospective.policy import counting
from audiospective.policy.counting import Rule
from audiospective.stats import zones
from audiospective.stats.figure_options import FigureOptions

RAW = ("played_at", "track", "source", "ms_played", "reason_end", "skipped")
DAY = 86_400_000  # ms
ROOM = 2 * DAY
PORTION = 250_000  # plays that are prepared at once
EPOCH = date(1970, 1, 1).toordinal()
SCHEMA = pl.Schema(
    {
        "played_at": pl.Datetime("ms", "UTC"),  # its end
        "local": pl.Datetime("ms"),  # the same on the member's clock
        "day": pl.Date(),  # of `local`
        "track": pl.Int32(),  # the recording: one id for all ids of one piece of music
        "own": pl.Int32(),  # the id that was played
        "album": pl.Int32(),  # of the recording; null if unknown
        "artist": pl.Int32(),  # the first one credited on the recording; null if unknown
        "heard": pl.Int64(),  # ms; the whole track where nobody told, 0 where that is unknown, too
        "told": pl.Boolean(),  # whether `heard` was told
        # What figures add up: 1, or for members who count by time `heard`, and then an Int64.
        "amount": pl.Int8(),
        "skipped": pl.Boolean(),  # null if unknown
        "finished": pl.Boolean(),  # null if unknown
        "source": pl.Int8(),  # models.plays
    }
)


def prepare(
    raw: pl.DataFrame, options: FigureOptions, recordings: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Those of `raw` (RAW, in order) that count by these options, as SCHEMA says, in order.

    `recordings` (track, recording) names the tracks that stand for another one; a track that is
    not in it stands for itself.
    """
    frames.of(raw["track"])  # looked up at once; what is left to do needs memory for a part only
    starts = range(0, max(raw.height, 1), PORTION)
    return pl.concat(
        [_prepared(raw.slice(start, PORTION).rechunk(), options, recordings) for start in starts]
    )


def _prepared(
    raw: pl.DataFrame, options: FigureOptions, recordings: pl.DataFrame | None
) -> pl.DataFrame:
    if not options.polled:
        raw = raw.filter(pl.col("source") >= FROM_IMPORT)
    plays = _with_catalog(raw, recordings)
    plays = plays.filter(counts(options.counting.rule))
    if options.hidden:
        plays = plays.filter(~pl.col("track").is_in(hidden(plays["track"], options).implode()))
    heard = pl.coalesce("ms_played", "duration", 0).cast(pl.Int64)
    local = zones.wall_clock(plays["played_at"], options.zone)
    return plays.select(
        "played_at",
        local=local,
        day=local.dt.date(),
        track="track",
        # Without recordings the two columns are one in memory.
        own="track" if recordings is None or recordings.is_empty() else "own",
        album="album",
        artist="artist",
        heard=heard,
        told=pl.col("ms_played").is_not_null(),
        amount=heard if options.counting.by_time else pl.lit(1, pl.Int8),
        # Where Spotify does not say, the button that ended the play does.
        skipped=pl.coalesce("skipped", pl.col("reason_end") == "fwdbtn"),
        finished=pl.col("reason_end") == counting.FINISHED,
        source="source",
    )


def hidden(tracks: pl.Series, options: FigureOptions) -> pl.Series:
    """Those of the recordings on which a hidden artist is credited."""
    if not options.hidden:
        return tracks.clear()
    credits_ = frames.everybody(tracks)
    return credits_.filter(pl.col("artist").is_in(sorted(options.hidden)))["track"].unique()


def within(plays: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """The plays on the days from `first` to `last`, both included.

    Mostly a slice, which copies nothing: only a clock that was set back past midnight lets plays of
    another day lie between.
    """
    near = around(plays, first, last)
    inside = near["day"].is_between(first, last)
    many = int(inside.sum())
    found = near.slice(inside.arg_max() or 0, many)
    if many == near.height or found["day"].is_between(first, last).all():
        return found
    return near.filter(inside)


def by_year(plays: pl.DataFrame, first: date, last: date) -> Iterator[pl.DataFrame]:
    """The same year by year on the member's calendar, in order; years without plays are left out.

    Work on one year at a time needs a fraction of the memory.
    """
    for year in within(plays, first, last)["day"].dt.year().unique().sort().to_list():
        start, end = date(year, 1, 1), date(year, 12, 31)
        yield within(plays, max(first, start), min(last, end))


def around(plays: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """The plays of these days and a few more on both sides: a slice, which costs nothing.

    Plays are in order of time, and no clock is ROOM away from UTC.
    """
    instants = plays["played_at"].to_physical()
    start = instants.search_sorted(_midnight(first) - ROOM, "left")
    end = instants.search_sorted(_midnight(last) + DAY + ROOM, "right")
    return plays.slice(start, end - start)


def _midnight(day: date) -> int:
    return (day.toordinal() - EPOCH) * DAY


def _with_catalog(raw: pl.DataFrame, recordings: pl.DataFrame | None) -> pl.DataFrame:
    plays = raw.with_columns(own=pl.col("track"))
    if recordings is None or recordings.is_empty():
        known = frames.of(plays["track"])
        return plays.join(known, on="track", how="left", maintain_order="left")
    plays = plays.join(recordings, on="track", how="left", maintain_order="left").with_columns(
        track=pl.coalesce("recording", "track")
    )
    lengths = frames.of(plays["own"]).select(own="track", duration="duration")
    facts = frames.of(plays["track"]).drop("duration")
    return plays.join(lengths, on="own", how="left", maintain_order="left").join(
        facts, on="track", how="left", maintain_order="left"
    )


def counts(rule: Rule) -> pl.Expr:
    """policy.counting.counts for frames with ms_played, duration and reason_end."""
    heard, duration = pl.col("ms_played"), pl.col("duration")
    long = heard >= counting.LONG_ENOUGH
    known = duration > 0
    if rule is Rule.ALL:
        return pl.lit(True)
    if rule is Rule.SECONDS:
        found = long
    elif rule is Rule.HALF:
        half = heard.cast(pl.Int64) * 2 >= duration
        found = pl.when(known).then(half).otherwise(long)
    else:
        ended = pl.col("reason_end")
        whole = pl.when(known).then(heard >= counting.WHOLE * duration).otherwise(False)
        found = pl.when(ended.is_not_null()).then(ended == counting.FINISHED).otherwise(whole)
    return heard.is_null() | found
