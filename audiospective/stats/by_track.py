"""Plays added up by track: most figures need no more, and years that are over stay as they are."""

from __future__ import annotations

import weakref
from datetime import date

import polars as pl

from audiospective.stats.counted import within

SHORT = 100  # days of a span that is added up without the help of years
_SUMS = (
    pl.col("plays").sum(),
    pl.col("amount").sum(),
    pl.col("heard").sum(),
    pl.col("first").min(),
    pl.col("last").max(),
    pl.col("first_day").min(),
    pl.col("last_day").max(),
)

# What frames come to by year, as long as they live: some 60 bytes for each track of each year, up
# to 12 MB beside a frame of a million plays.
_kept: dict[int, tuple[weakref.ref[pl.DataFrame], pl.DataFrame]] = {}


def of_years(plays: pl.DataFrame) -> pl.DataFrame:
    """Every track of every year on the member's calendar, of a prepared frame (stats.counted).

    `year`, `track`, its `album` and `artist`, `plays`, `amount`, `heard`, `first` and `last`
    (played_at), `first_day` and `last_day`. Worked out once for each frame.
    """
    known = _kept.get(id(plays))
    if known is not None and known[0]() is plays:
        return known[1]
    return _keep(plays, _added(plays, by_year=True))


def carry(old: pl.DataFrame, new: pl.DataFrame, since: date) -> None:
    """Work the years of `new` out of those of `old`, which holds the same plays before `since`."""
    known = _kept.get(id(old))
    if known is not None and known[0]() is old:
        year = pl.col("year") < since.year
        later = within(new, date(since.year, 1, 1), date.max)
        _keep(new, pl.concat([known[1].filter(year), _added(later, by_year=True)]))


def between(plays: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Every track heard from `first` to `last`, both included: of_years without the year."""
    if plays.is_empty() or (last - first).days < SHORT:
        return _added(within(plays, first, last), by_year=False)
    begins, ends = plays["day"].min(), plays["day"].max()
    assert isinstance(begins, date) and isinstance(ends, date)  # noqa: PT018 - for the types
    since = first.year if first <= max(begins, date(first.year, 1, 1)) else first.year + 1
    until = last.year if last >= min(ends, date(last.year, 12, 31)) else last.year - 1
    if since > until:
        return _added(within(plays, first, last), by_year=False)
    years = of_years(plays).filter(pl.col("year").is_between(since, until)).drop("year")
    parts = [years]
    if since > first.year:
        parts.append(_added(within(plays, first, date(first.year, 12, 31)), by_year=False))
    if until < last.year:
        parts.append(_added(within(plays, date(last.year, 1, 1), last), by_year=False))
    return pl.concat(parts).group_by("track", "album", "artist").agg(_SUMS)


def before(plays: pl.DataFrame, day: date) -> pl.DataFrame:
    """Every track heard before `day`."""
    return between(plays, date.min, date.fromordinal(day.toordinal() - 1))


def _added(plays: pl.DataFrame, *, by_year: bool) -> pl.DataFrame:
    by = [pl.col("day").dt.year().alias("year")] if by_year else []
    return plays.group_by(*by, "track", "album", "artist").agg(
        plays=pl.len().cast(pl.Int64),
        amount=pl.col("amount").sum(),
        heard=pl.col("heard").sum(),
        first=pl.col("played_at").min(),
        last=pl.col("played_at").max(),
        first_day=pl.col("day").min(),
        last_day=pl.col("day").max(),
    )


def _keep(plays: pl.DataFrame, years: pl.DataFrame) -> pl.DataFrame:
    key = id(plays)
    _kept[key] = weakref.ref(plays, lambda _: _forget(key)), years
    return years


def _forget(key: int) -> None:
    known = _kept.get(key)
    if known is not None and known[0]() is None:  # else another frame lives there by now
        del _kept[key]
