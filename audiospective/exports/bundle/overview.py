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
from audiospective.stats import tops, zones

TOP = 10
WEEKS = 53


@dataclass(frozen=True)
class Drawer:
    """One year: its amount, the same by week from 1 January on, and the weeks with gaps."""

    year: int
    amount: int
    weeks: list[int]
    unknown: set[int]


@dataclass(frozen=True)
class Overview:
    """`top` are (name, amount) of artists; `hours` the amount of each hour of the day.

    An amount is a number of plays, or milliseconds for members who count by time.
    """

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
        """The hour with most."""
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
        .select(
            "played_at",
            pl.col("recording").alias("track"),
            counted.heard().alias("heard"),
            counted.amount().alias("amount"),
        )
        .collect()
    )
    ranked = tops.top(plays, "artist", 1 << 30)
    names = dict(_artists(snapshot).iter_rows())
    span = snapshot.scan().select(
        pl.col("played_at").min().alias("first"), pl.col("played_at").max().alias("last")
    )
    first, last = span.collect().row(0)
    best = ranked.head(TOP).select("id", "amount").rows()
    return Overview(
        plays=snapshot.plays,
        artists=ranked.height,
        listened=int(plays["heard"].cast(pl.Int64).sum()),
        first=_day(first, ZoneInfo(zone)) if first else None,
        last=_day(last, ZoneInfo(zone)) if last else None,
        drawers=_drawers(plays, known, zone),
        top=[(names.get(one, ""), amount) for one, amount in best],
        hours=_hours(plays, zone),
    )


def _artists(snapshot: Snapshot) -> pl.DataFrame:
    lists = snapshot.tracks.select("artist_keys", "artists").explode("artist_keys", "artists")
    return lists.drop_nulls("artist_keys").unique("artist_keys")


def _hours(plays: pl.DataFrame, zone: str) -> list[int]:
    hour = zones.local(plays, zone).dt.hour().alias("hour")
    sums = dict(plays.group_by(hour).agg(pl.col("amount").sum()).iter_rows())
    return [sums.get(hour, 0) for hour in range(24)]


def _drawers(plays: pl.DataFrame, known: Known, zone: str) -> list[Drawer]:
    dates = zones.dates(plays, zone)
    week = (dates.dt.ordinal_day() - 1) // 7
    sums = (
        pl.DataFrame({"year": dates.dt.year(), "week": week, "amount": plays["amount"]})
        .group_by("year", "week")
        .agg(pl.col("amount").sum())
        .sort("year", "week")
    )
    unknown = _unknown_weeks(known, zone)
    drawers = []
    for year in sums["year"].unique().sort().to_list():
        weeks = [0] * WEEKS
        for at, amount in sums.filter(pl.col("year") == year).select("week", "amount").rows():
            weeks[at] = amount
        drawers.append(Drawer(year, sum(weeks), weeks, unknown.get(year, set())))
    return drawers


def _unknown_weeks(known: Known, zone: str) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    tz = ZoneInfo(zone)
    for gap in (one for one in known.open_gaps if one.is_probable):
        day, last = _day(gap.probably_from, tz), _day(gap.ended_at, tz)
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
