"""Notices a file whose clock is off by hours, from its plays that the archive has at other times.

Some exporting tools write local time as if it were UTC. Nothing is moved without being asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.policy.matching import DRIFT

STEP = 30 * 60_000  # ms; zones differ by whole and half hours
MOST = 14 * 60  # minutes; no zone is further from UTC
SAMPLE = 5_000  # plays of the file that are looked at
ENOUGH = 10  # matches at another time before anybody is asked
TIMES_MORE = 3  # than at the time as it stands
SHARE = 3  # of which one has to match, of those that the archive knows the track of
OFTEN = 300  # plays of one track; what is heard all the time tells nothing of hours


@dataclass(frozen=True)
class Shift:
    """`matches` of `looked_at` plays would meet one of the archive if the file's times were moved.

    Either by `minutes` (to be added), or by reading them as local time of `zone`.
    """

    minutes: int | None
    zone: str | None
    matches: int
    looked_at: int
    as_it_stands: int


def suspected(known: pl.DataFrame, arrivals: pl.DataFrame, zone: str) -> Shift | None:
    """The shift that the file seems to need, or None; frames as `matching.match` takes them.

    `zone` is the member's own: where it explains as much as a number of hours does, it is better,
    as it knows summer from winter.
    """
    near = pl.col("at").is_between(
        known.select(_at().min()).item() or 0, known.select(_at().max()).item() or 0
    )
    known = known.filter(pl.len().over("who") <= OFTEN)
    sample = _instants(arrivals).filter(near)
    sample = sample.join(known.select("who").unique(), on="who", how="semi")
    sample = sample.gather_every(max(1, sample.height // SAMPLE)).with_row_index("place")
    others = _instants(known)
    if sample.height < ENOUGH:
        return None
    counts = dict(_counted(sample, others).rows())
    as_it_stands = counts.pop(0, 0)
    minutes, matches = max(counts.items(), key=lambda one: one[1], default=(0, 0))
    local = dict(_counted(moved(sample, ("began_at", "ended_at"), None, zone), others).rows())
    by_zone = local.get(0, 0)
    chosen: Shift | None = None
    if by_zone >= matches and zone != "UTC":
        chosen = Shift(None, zone, by_zone, sample.height, as_it_stands)
    elif minutes:
        chosen = Shift(minutes, None, matches, sample.height, as_it_stands)
    least = max(ENOUGH, TIMES_MORE * as_it_stands, sample.height // SHARE)
    return chosen if chosen is not None and chosen.matches >= least else None


def moved(
    plays: pl.DataFrame, columns: tuple[str, ...], minutes: int | None, zone: str | None
) -> pl.DataFrame:
    """The plays with their instants (ms) moved as a Shift says."""
    if minutes:
        return plays.with_columns(pl.col(columns) + minutes * 60_000)
    if zone:
        return plays.with_columns(_from_local(name, zone) for name in columns)
    return plays


def _from_local(name: str, zone: str) -> pl.Expr:
    wall = pl.from_epoch(name, time_unit="ms")
    day = pl.duration(hours=24)

    def told(clock: pl.Expr) -> pl.Expr:
        return clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    # The time that a clock shows twice is taken as the first. One that it skips, be it an hour, two
    # or a whole day, is counted on from the day before.
    return pl.coalesce(told(wall), told(wall - day) + day).dt.epoch("ms").alias(name)


def _at() -> pl.Expr:
    return pl.coalesce("ended_at", "began_at")


def _instants(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.select("who", "began_at", "ended_at", at=_at())


def _counted(sample: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """`minutes`, `plays`: how many of the sample meet a known play if moved by so much."""
    pairs = sample.join(known, on="who", suffix="_known")
    # Both have a beginning, or both an end: anything else is too vague to tell hours apart.
    began = pl.col("began_at_known") - pl.col("began_at")
    apart = pl.coalesce(began, pl.col("ended_at_known") - pl.col("ended_at"))
    steps = (apart / STEP).round().cast(pl.Int64)
    return (
        pairs.select("place", apart=apart, minutes=steps * (STEP // 60_000))
        .filter(
            (pl.col("minutes").abs() <= MOST)
            & ((pl.col("apart") - pl.col("minutes") * 60_000).abs() <= DRIFT)
        )
        .unique(["place", "minutes"])
        .group_by("minutes")
        .agg(plays=pl.len())
        .sort("minutes")
    )
