"""Plays added up by track: most figures need no more, and years that are over stay as they are."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats import year_places
from audiospective.stats.cache import Cache
from audiospective.stats.prepared_plays import by_year, within

SHORT = 100  # days of a span that is added up without the help of years
SPANS = 12_000_000  # bytes of those that are kept of a frame

_SUMS = (
    pl.col("album").first(),
    pl.col("artist").first(),
    pl.col("plays").sum(),
    pl.col("amount").sum(),
    pl.col("heard").sum(),
    pl.col("first").min(),
    pl.col("last").max(),
    pl.col("first_day").min(),
    pl.col("last_day").max(),
)


@dataclass(frozen=True)
class _Kept:
    """What a frame comes to by year, and in the spans that were asked for last.

    Some 60 bytes for each track of each year and span: up to 20 MB beside a million plays.
    """

    frame: weakref.ref[pl.DataFrame]
    years: pl.DataFrame
    spans: Cache


_kept: dict[int, _Kept] = {}


def of_years(plays: pl.DataFrame) -> pl.DataFrame:
    """Every track of every year on the member's calendar, of prepared plays.

    `year`, `track`, its `album` and `artist`, `plays`, `amount`, `heard`, `first` and `last`
    (played_at), `first_day` and `last_day`. Worked out once for each frame.
    """
    return _of(plays).years


def size(plays: pl.DataFrame) -> int:
    """Bytes that are kept beside a frame."""
    known = _kept.get(id(plays))
    return 0 if known is None else int(known.years.estimated_size()) + known.spans.weight


def of_kind(plays: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The year_places.members and .sums of prepared plays; kept like a span."""
    known = _of(plays)
    if kind == "track":
        added = known.years.select("year", "amount", id="track")
        return added.select("id", track="id"), added
    found: tuple[pl.DataFrame, pl.DataFrame] | None = known.spans.get(kind)
    if found is None:
        belong = year_places.members(known.years["track"], kind)
        found = belong, year_places.sums(known.years, belong)
        known.spans.put(kind, found, sum(int(one.estimated_size()) for one in found))
    return found


def carry(old: pl.DataFrame, new: pl.DataFrame, since: date) -> None:
    """Work the years of `new` out of those of `old`, which holds the same plays before `since`."""
    known = _kept.get(id(old))
    if known is not None and known.frame() is old:
        year = pl.col("year") < since.year
        later = within(new, date(since.year, 1, 1), date.max)
        _keep(new, pl.concat([known.years.filter(year), _by_year(later)]))


def between(plays: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Every track heard from `first` to `last`, both included: of_years without the year."""
    if plays.is_empty() or (last - first).days < SHORT:
        return _added(within(plays, first, last))
    begins, ends = plays["day"].min(), plays["day"].max()
    assert isinstance(begins, date)
    assert isinstance(ends, date)
    first, last = max(first, begins), min(last, ends)
    spans = _of(plays).spans
    found: pl.DataFrame | None = spans.get((first, last))
    if found is None:
        found = _between(plays, first, last, whole=(first == begins, last == ends))
        spans.put((first, last), found, int(found.estimated_size()))
    return found


def before(plays: pl.DataFrame, day: date) -> pl.DataFrame:
    """Every track heard before `day`."""
    return between(plays, date.min, date.fromordinal(day.toordinal() - 1))


def _between(
    plays: pl.DataFrame, first: date, last: date, whole: tuple[bool, bool]
) -> pl.DataFrame:
    """`whole`: there is nothing before `first`, nothing after `last`."""
    if first > last:
        return _added(plays.clear())
    since = first.year + (0 if whole[0] or first == date(first.year, 1, 1) else 1)
    until = last.year - (0 if whole[1] or last == date(last.year, 12, 31) else 1)
    if since > until:
        return _added(within(plays, first, last))
    parts = [of_years(plays).filter(pl.col("year").is_between(since, until)).drop("year")]
    if since > first.year:
        parts.append(_added(within(plays, first, date(first.year, 12, 31))))
    if until < last.year:
        parts.append(_added(within(plays, date(last.year, 1, 1), last)))
    return pl.concat(parts).group_by("track").agg(_SUMS)


def _by_year(plays: pl.DataFrame) -> pl.DataFrame:
    nothing = _added(plays.clear()).select(pl.lit(0, pl.Int32).alias("year"), pl.all())
    parts = (
        _added(part).select(pl.lit(part["day"][0].year, pl.Int32).alias("year"), pl.all())
        for part in by_year(plays, date.min, date.max)
    )
    return pl.concat([nothing, *parts])


def _added(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.group_by("track").agg(
        pl.col("album").first(),
        pl.col("artist").first(),
        plays=pl.len().cast(pl.Int64),
        amount=pl.col("amount").sum(),
        heard=pl.col("heard").sum(),
        first=pl.col("played_at").min(),
        last=pl.col("played_at").max(),
        first_day=pl.col("day").min(),
        last_day=pl.col("day").max(),
    )


def _of(plays: pl.DataFrame) -> _Kept:
    known = _kept.get(id(plays))
    return known if known is not None and known.frame() is plays else _keep(plays, _by_year(plays))


def _keep(plays: pl.DataFrame, years: pl.DataFrame) -> _Kept:
    key = id(plays)
    kept = _kept[key] = _Kept(weakref.ref(plays, lambda _: _forget(key)), years, Cache(SPANS))
    return kept


def _forget(key: int) -> None:
    known = _kept.get(key)
    if known is not None and known.frame() is None:  # else another frame lives there by now
        del _kept[key]
