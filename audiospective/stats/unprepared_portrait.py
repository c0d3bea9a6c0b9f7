"""The portrait of one piece of the catalog from plays as they are stored.

Where every play counts as one, plays of others need not be prepared: they are merely counted.
"""

from __future__ import annotations

import polars as pl

from audiospective.models.plays import FROM_IMPORT
from audiospective.policy.counting import Counting
from audiospective.stats import portrait, prepared_plays, year_places, zones
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.portrait import Portrait


def serves(options: FigureOptions) -> bool:
    """Whether every play counts as one, so that plays need not be looked at to add them up."""
    return options.counting == Counting()


def of(
    raw: pl.DataFrame,
    options: FigureOptions,
    recordings: pl.DataFrame,
    kind: str,
    one: int,
    limit: int = 50,
) -> Portrait | None:
    """portrait.of the plays that prepared_plays.prepare makes of these, by options it `serves`."""
    if not options.polled:
        raw = raw.filter(pl.col("source") >= FROM_IMPORT)
    if raw.is_empty():
        return None
    years = _counted(raw, options.zone)
    heads = _heads(years["track"].unique(), recordings)
    gone = prepared_plays.hidden(heads["recording"], options)
    belong = year_places.members(heads["recording"], kind)
    wanted = belong.filter(pl.col("id") == one)["track"]
    chosen = heads.filter(pl.col("recording").is_in(wanted.implode()))["track"]
    own = raw.filter(pl.col("track").is_in(chosen.implode()))
    own = prepared_plays.prepare(own, options, recordings)
    if own.is_empty():
        return None
    if not recordings.is_empty():
        years = years.join(heads, on="track").select("year", "amount", track="recording")
    years = years.filter(~pl.col("track").is_in(gone.implode()))
    everything = int(years["amount"].sum())
    return portrait.drawn(own, year_places.sums(years, belong), everything, kind, one, limit)


def _counted(raw: pl.DataFrame, zone: str) -> pl.DataFrame:
    """`amount` of plays by `year` on the member's calendar and `track`.

    Where a clock was set back over New Year's midnight, pairs may be there twice.
    """
    tracks, start = raw["track"], 0
    parts = []
    # One year at a time: its tracks stay in the processor's cache while they are counted.
    for plays, year in zones.years(raw["played_at"], zone):
        own = tracks.slice(start, plays).value_counts(name="amount")
        parts.append(own.with_columns(pl.lit(year, pl.Int32).alias("year")))
        start += plays
    return pl.concat(parts).with_columns(pl.col("amount").cast(pl.Int64))


def _heads(tracks: pl.Series, recordings: pl.DataFrame) -> pl.DataFrame:
    """`track` and the `recording` that it counts as."""
    found = tracks.to_frame().join(recordings, on="track", how="left")
    return found.with_columns(pl.coalesce("recording", "track").alias("recording"))
