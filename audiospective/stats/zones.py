"""Plays in the clock of the member who heard them."""

from __future__ import annotations

import polars as pl

LOCAL = pl.Datetime("ms")  # a wall clock has no zone
DAY = 86_400_000  # ms
FEW = 5_000  # plays for which the short way is not shorter
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
    parts: list[pl.Series] = []
    at = 0
    for day in changed:
        start, end = (ms.search_sorted(midnight, "left") for midnight in days[day : day + 2])
        parts.append((ms.slice(at, start - at) + offsets[day]).cast(LOCAL))
        parts.append(_looked_up(instants.slice(start, end - start), zone))
        at = end
    parts.append((ms.slice(at) + offsets[-1]).cast(LOCAL))
    return pl.concat(parts, rechunk=True).alias("local")


def _looked_up(instants: pl.Series, zone: str) -> pl.Series:
    clock: pl.Series = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return clock.alias("local")
