"""One track's, artist's or album's history with a member, of prepared plays (prepared_plays)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from audiospective.stats import by_track, year_places
from audiospective.stats.year_places import YearPlace

_LIFETIME = 120 * 366  # days
SILENCE = timedelta(days=180)  # without a play, that is worth a word


@dataclass(frozen=True)
class Part:
    """A track of an artist or album, or an album of an artist; see Portrait for the numbers."""

    one: int
    plays: int
    amount: int
    heard: int
    tracks: int
    skipped: int
    told: int


@dataclass(frozen=True)
class Portrait:
    """Numbers of one piece of the catalog in the member's clock and by the member's rule.

    `amount` is what figures add up (plays, or ms for members who count by time), `heard` ms, of
    which `guessed` is what nobody told. `first` and `last` are (end of the play, the id that was
    played). `most` is the day with most plays. `months` run from the first to the last one,
    `hours` from midnight, `weekdays` from Monday; all three are amounts. Of `skip_told` plays it
    is known whether they were skipped, of `end_told` whether they ran to their end. `share` is the
    part of everything that counts, `place` the one among all of its kind. `silence` are the days
    before and after the longest stretch without a play, None if it is shorter than SILENCE.
    """

    plays: int
    amount: int
    heard: int
    guessed: int
    days: int
    first: tuple[datetime, int]
    last: tuple[datetime, int]
    most: tuple[date, int]
    months: tuple[tuple[date, int], ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    skipped: int
    skip_told: int
    finished: int
    end_told: int
    share: float
    place: int
    years: tuple[YearPlace, ...]
    tracks: tuple[Part, ...]
    albums: tuple[Part, ...]
    silence: tuple[date, date] | None


def of(plays: pl.DataFrame, kind: str, one: int, limit: int = 50) -> Portrait | None:
    """The portrait of one "track", "artist" or "album", None where no play of it counts.

    Every artist credited on a track counts. `limit` is for its tracks and albums.
    """
    belong, added = by_track.of_kind(plays, kind)
    wanted = belong.filter(pl.col("id") == one)["track"].unique()
    own = plays.filter(pl.col("track").is_in(wanted.implode()))
    if own.is_empty():
        return None
    return drawn(own, added, int(plays["amount"].sum()), kind, one, limit)


def drawn(
    own: pl.DataFrame, added: pl.DataFrame, everything: int, kind: str, one: int, limit: int
) -> Portrait:
    """The portrait of what `own`, at least one prepared play, belongs to.

    `added` are the year_places.sums of all plays, `everything` is the amount of them.
    """
    keys = own.select("played_at", "own").row
    by_day = own.group_by("day").len().sort(["len", "day"], descending=[True, False])
    amount = int(own["amount"].sum())
    years, place = year_places.of(added, one)
    return Portrait(
        plays=own.height,
        amount=amount,
        heard=int(own["heard"].sum()),
        guessed=int(own.filter(~pl.col("told"))["heard"].sum()),
        days=by_day.height,
        first=keys(0),
        last=keys(-1),
        most=by_day.row(0),
        months=_months(own),
        hours=_counted(own, pl.col("local").dt.hour(), range(24)),
        weekdays=_counted(own, pl.col("local").dt.weekday(), range(1, 8)),
        skipped=int(own["skipped"].sum()),
        skip_told=own.height - own["skipped"].null_count(),
        finished=int(own["finished"].sum()),
        end_told=own.height - own["finished"].null_count(),
        share=amount / everything if everything else 0.0,
        place=place,
        years=years,
        tracks=_parts(own, "track", limit) if kind != "track" else (),
        albums=_parts(own, "album", limit) if kind == "artist" else (),
        silence=_silence(by_day["day"]),
    )


def _counted(own: pl.DataFrame, by: pl.Expr, values: range) -> tuple[int, ...]:
    found = dict(own.group_by(by.alias("by")).agg(pl.col("amount").sum()).rows())
    return tuple(found.get(value, 0) for value in values)


def _months(own: pl.DataFrame) -> tuple[tuple[date, int], ...]:
    month = pl.col("day").dt.truncate("1mo").alias("month")
    found = dict(own.group_by(month).agg(pl.col("amount").sum()).rows())
    if (max(found) - min(found)).days > _LIFETIME:  # a clock was wrong by centuries
        return tuple(sorted(found.items()))
    first, last = (one.year * 12 + one.month - 1 for one in (min(found), max(found)))
    every = (date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1))
    return tuple((month, found.get(month, 0)) for month in every)


def _parts(own: pl.DataFrame, kind: str, limit: int) -> tuple[Part, ...]:
    found = (
        own.drop_nulls(kind)
        .group_by(kind)
        .agg(
            plays=pl.len(),
            amount=pl.col("amount").sum(),
            heard=pl.col("heard").sum(),
            tracks=pl.col("track").n_unique(),
            skipped=pl.col("skipped").sum(),
            told=pl.col("skipped").is_not_null().sum(),
            first=pl.col("played_at").min(),
        )
        .sort(["amount", "first", kind], descending=[True, False, False])
    )
    return tuple(Part(*row) for row in found.drop("first").head(limit).rows())


def _silence(days: pl.Series) -> tuple[date, date] | None:
    """Before and after the longest time without any of these days; of equals the earliest."""
    days = days.sort()
    lengths = days.diff()
    place = lengths.arg_max()
    if place is None or lengths[place] < SILENCE:
        return None
    return days[place - 1], days[place]
