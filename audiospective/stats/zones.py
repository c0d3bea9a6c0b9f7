"""Plays in the clock of the member who heard them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import polars as pl

LOCAL = pl.Datetime("ms")  # a wall clock has no zone
DAY = 86_400_000  # ms
FEW = 20_000  # plays for which the short way is not shorter
NEAR = 2 * DAY  # no clock is further away from UTC
EPOCH = date(1970, 1, 1).toordinal()
LONG = 60_000  # days between the first and the last play, 164 years: some clock was wrong


def local(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The wall clock at the end of each play, in an IANA zone, without a zone of its own."""
    return wall_clock(plays["played_at"], zone)


def dates(plays: pl.DataFrame, zone: str) -> pl.Series:
    """The date of each play in a zone."""
    return local(plays, zone).dt.date().alias("date")


def wall_clock(instants: pl.Series, zone: str) -> pl.Series:
    """Instants (ms, UTC) on the wall clock of a zone.

    Zones change their clocks on a few days a year. Only plays of those days are looked up one by
    one: for all of them that takes as long as everything else that is done with them.
    """
    if instants.len() < FEW or not instants.is_sorted():
        return _looked_up(instants, zone)
    ms = instants.to_physical()
    first, last = int(ms[0]) // DAY, int(ms[-1]) // DAY + 1
    if last - first > LONG:
        return _looked_up(instants, zone)
    days = pl.int_range(first, last + 1, dtype=pl.Int64(), eager=True) * DAY
    offsets = _looked_up(days.cast(instants.dtype), zone).to_physical() - days
    changed = (offsets != offsets.shift(-1)).fill_null(value=False).arg_true().to_list()
    midnights = [days[place] for day in changed for place in (day, day + 1)]
    places = ms.search_sorted(pl.Series(midnights, dtype=pl.Int64())).to_list()
    spans = list(zip(places[::2], places[1::2], strict=True))
    exact = _each(instants, spans, zone)
    parts: list[pl.Series] = []
    at = 0
    for day, (start, end), own in zip(changed, spans, exact, strict=True):
        parts.append((ms.slice(at, start - at) + offsets[day]).cast(LOCAL))
        parts.append(own)
        at = end
    parts.append((ms.slice(at) + offsets[-1]).cast(LOCAL))
    return pl.concat(parts, rechunk=True).alias("local")


def years(instants: pl.Series, zone: str) -> list[tuple[int, int]]:
    """(plays, year): the years of the wall clock, one after the other, of sorted instants.

    Only plays within two days of New Year are looked up. A clock that is set back over New Year's
    midnight lets a year come twice.
    """
    if instants.is_empty():
        return []
    ends = instants.gather([0, instants.len() - 1]).dt.year().to_list()
    every = range(ends[0], ends[1] + 2)
    edges = [_new_year(year) + away for year in every for away in (-NEAR, NEAR)]
    places = instants.to_physical().search_sorted(pl.Series(edges, dtype=pl.Int64())).to_list()
    starts, nears = places[::2], places[1::2]
    exact = _each(instants, list(zip(starts, nears, strict=True)), zone)
    found: list[tuple[int, int]] = []
    for year, own, near, end in zip(
        every, exact, nears, [*starts[1:], instants.len()], strict=True
    ):
        found += own.dt.year().rle().struct.unnest().rows() if own.len() else ()
        found.append((end - near, year))
    return [(plays, year) for plays, year in found if plays]


def _new_year(year: int) -> int:
    """When it begins in UTC, in ms; dates of Python end with the year 9999."""
    before = year - 1
    ordinal = before * 365 + before // 4 - before // 100 + before // 400 + 1
    return (ordinal - EPOCH) * DAY


def _each(instants: pl.Series, spans: Sequence[tuple[int, int]], zone: str) -> Iterator[pl.Series]:
    """Spans (from, to) of instants; one look-up for all takes hardly longer than for one."""
    parts = [instants.slice(start, end - start) for start, end in spans]
    heard = [instants.clear(), *(part for part in parts if part.len())]
    found, at = _looked_up(pl.concat(heard), zone), 0
    for part in parts:
        yield found.slice(at, part.len())
        at += part.len()


def _looked_up(instants: pl.Series, zone: str) -> pl.Series:
    clock: pl.Series = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return clock.alias("local")
