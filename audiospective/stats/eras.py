"""Eras: the artists of a span one after the other, each in the weeks or months of their peak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.history.catalog import frames
from audiospective.stats import by_track, tops
from audiospective.stats.prepared_plays import within

BUCKETS = 26
LEAST_DAYS = 56  # a shorter span has no eras


@dataclass(frozen=True)
class Era:
    """An artist's amounts in BUCKETS equal parts of the span, and the day their peak begins."""

    artist: int
    amounts: tuple[int, ...]
    peak: date


def of(plays: pl.DataFrame, first: date, last: date, limit: int) -> list[Era]:
    """The most heard artists of a span, in the order of their peaks; none of a short span."""
    days = (last - first).days + 1
    if days < LEAST_DAYS:
        return []
    own = within(plays, first, last).select("track", "day", "amount")
    artists = tops.ranked(by_track.between(plays, first, last), "artist").head(limit)["id"]
    credits_ = frames.everybody(own["track"]).filter(pl.col("artist").is_in(artists.implode()))
    bucket = (pl.col("day") - first).dt.total_days() * BUCKETS // days
    sums = (
        own.filter(pl.col("track").is_in(credits_["track"].unique().implode()))
        .select("track", "amount", bucket=bucket)
        .join(credits_, on="track")
        .group_by("artist", "bucket")
        .agg(pl.col("amount").sum())
    )
    amounts = {artist: [0] * BUCKETS for artist in artists.to_list()}
    for artist, at, amount in sums.rows():
        amounts[artist][at] = amount
    peaks = {artist: row.index(max(row)) for artist, row in amounts.items()}
    return [
        Era(artist, tuple(amounts[artist]), _day(first, days, peaks[artist]))
        for artist in sorted(amounts, key=lambda one: peaks[one])
    ]


def _day(first: date, days: int, bucket: int) -> date:
    """The first day that lies in a bucket."""
    return date.fromordinal(first.toordinal() + -(-bucket * days // BUCKETS))
