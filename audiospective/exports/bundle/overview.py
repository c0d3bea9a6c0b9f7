"""What the page of a bundle shows before any script runs; the figures are the site's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from audiospective.exports.bundle.completeness import Known
from audiospective.exports.bundle.counting import Counted
from audiospective.exports.snapshot import Snapshot
from audiospective.stats import activity, tops, zones

TOP = 10
WEEKS = 53


@dataclass(frozen=True)
class Drawer:
    """One year: plays, their sums by week from 1 January on, and the weeks with gaps."""

    year: int
    plays: int
    weeks: list[int]
    unknown: set[int]


@dataclass(frozen=True)
class Overview:
    """`top` are (name, plays) of artists; `hours` plays by hour of the day."""

    plays: int
    artists: int
    listened: int  # milliseconds
    first: date | None
    last: date | None
    drawers: list[Drawer]
    top: list[tuple[str, int]]
    hours: list[int]

    @property
    def peak(self) -> int:
        """The loudest hour."""
        return self.hours.index(max(self.hours))


def of(snapshot: Snapshot, known: Known, counted: Counted) -> Overview:
    """The figures of a snapshot in its owner's zone; a recording counts as one track.

    `plays`, `first` and `last` are of all plays, whichever count.
    """
    zone = snapshot.owner.zone
    facts = counted.facts(snapshot.tracks).lazy()
    recordings = snapshot.tracks.lazy().select("track", "recording")
    plays = (
        snapshot.scan()
        .select("played_at", "track", "ms_played", "reason_end")
        .join(facts, on="track", how="left", maintain_order="left")
        .filter(counted.which())
        .join(recordings, on="track", how="left", maintain_order="left")
        .select("played_at", pl.col("recording").alias("track"), "ms_played")
        .collect()
    )
    ranked = tops.top(plays, "artist", 1 << 30)
    names = dict(_artists(snapshot).iter_rows())
    dates = zones.dates(plays, zone)
    span = snapshot.scan().select(
        pl.col("played_at").min().alias("first"), pl.col("played_at").max().alias("last")
    )
    first, last = span.collect().row(0)
    best = ranked.head(TOP).select("id", "plays").rows()
    return Overview(
        plays=snapshot.plays,
        artists=ranked.height,
        listened=tops.listened(plays),
        first=_day(first, ZoneInfo(zone)) if first else None,
        last=_day(last, ZoneInfo(zone)) if last else None,
        drawers=_drawers(dates, known, zone),
        top=[(names.get(one, ""), count) for one, count in best],
        hours=activity.by_hour(plays, zone),
    )


def _artists(snapshot: Snapshot) -> pl.DataFrame:
    lists = snapshot.tracks.select("artist_keys", "artists").explode("artist_keys", "artists")
    return lists.drop_nulls("artist_keys").unique("artist_keys")


def _drawers(dates: pl.Series, known: Known, zone: str) -> list[Drawer]:
    week = (dates.dt.ordinal_day() - 1) // 7
    counts = (
        pl.DataFrame({"year": dates.dt.year(), "week": week})
        .group_by("year", "week")
        .len()
        .sort("year", "week")
    )
    unknown = _unknown_weeks(known, zone)
    drawers = []
    for year in counts["year"].unique().sort().to_list():
        weeks = [0] * WEEKS
        for at, count in counts.filter(pl.col("year") == year).select("week", "len").rows():
            weeks[at] = count
        drawers.append(Drawer(year, sum(weeks), weeks, unknown.get(year, set())))
    return drawers


def _unknown_weeks(known: Known, zone: str) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    tz = ZoneInfo(zone)
    for gap in known.open_gaps:
        day, last = _day(gap.started_at, tz), _day(gap.ended_at, tz)
        for at in range(day.toordinal(), last.toordinal() + 1):
            one = date.fromordinal(at)
            week = (one.timetuple().tm_yday - 1) // 7
            found.setdefault(one.year, set()).add(week)
    return found


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def wedges(hours: list[int]) -> list[str]:
    """The listening clock: for each hour the outline of its part of a ring, empty without plays."""
    most = max(1, *hours)
    return [
        _wedge(hour, 42, 42 + count / most * 61) if count else ""
        for hour, count in enumerate(hours)
    ]


def _wedge(hour: int, inner: float, outer: float) -> str:
    start, end = ((hour + edge) / 24 * 2 * math.pi for edge in (-0.462, 0.462))

    def at(radius: float, angle: float) -> str:
        return f"{130 + radius * math.sin(angle):.1f} {130 - radius * math.cos(angle):.1f}"

    return (
        f"M{at(inner, start)}A{inner:g} {inner:g} 0 0 1 {at(inner, end)}"
        f"L{at(outer, end)}A{outer:.1f} {outer:.1f} 0 0 0 {at(outer, start)}z"
    )
