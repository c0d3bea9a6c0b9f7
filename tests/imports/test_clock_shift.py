"""A file whose clock is off by hours is noticed, and one whose clock is right is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from audiospective.imports import clock_shift
from audiospective.imports.observations import NEEDS, spans
from audiospective.imports.reading import times

SCHEMA = pl.Schema({"who": pl.Int32(), **dict.fromkeys(NEEDS, pl.Int64())})
SONG = 200_000


def plays(instants: list[int], *, began: bool) -> pl.DataFrame:
    """A hundred songs in turn; each is heard again after many hours."""
    rows = [
        (n % 100, at - SONG if began else None, None if began else at, 1000, SONG, SONG)
        for n, at in enumerate(instants)
    ]
    return spans(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def year() -> list[int]:
    """A play every 7 hours and some, through summer and winter."""
    start = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return [start + n * (7 * 3_600_000 + 777_000) for n in range(1000)]


def as_local(at: int, zone: str) -> int:
    wall = datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).replace(tzinfo=UTC)
    return int(wall.timestamp() * 1000)


@pytest.mark.parametrize("hours", [-11, -5, -1, 1, 2, 5.5, 12])
def test_a_clock_that_is_off_by_hours(hours: float) -> None:
    file = plays([at - int(hours * 3_600_000) for at in year()], began=True)
    found = clock_shift.suspected(plays(year(), began=False), file, "UTC")
    assert found is not None
    assert (found.minutes, found.zone) == (int(hours * 60), None)
    assert found.matches == pytest.approx(found.looked_at, abs=3)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_local_time_written_as_if_it_were_utc(zone: str) -> None:
    file = plays([as_local(at, zone) for at in year()], began=False)
    found = clock_shift.suspected(plays(year(), began=False), file, zone)
    assert found is not None
    assert (found.minutes, found.zone) == (None, zone)
    moved = clock_shift.moved(file, ("ended",), None, zone)["ended"].to_list()
    assert sum(one == other for one, other in zip(moved, year(), strict=True)) > 995


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Europe/Berlin", "2025-03-30T02:30"),
        ("Australia/Lord_Howe", "2025-10-05T02:15"),
        ("America/Sao_Paulo", "2018-11-04T00:30"),
        ("Antarctica/Troll", "2025-03-30T01:30"),  # two hours
        ("Pacific/Apia", "2011-12-30T12:00"),  # a day
    ],
)
def test_a_time_that_no_clock_showed_is_some_time_still(zone: str, skipped: str) -> None:
    instant = times.iso(skipped)
    assert instant is not None
    told = [instant + hours * 3_600_000 for hours in (-48, -25, 0, 25, 48)]
    file = pl.DataFrame({"ended": told})
    moved = clock_shift.moved(file, ("ended",), None, zone)["ended"].to_list()
    assert moved == [times.localized(one, ZoneInfo(zone)) for one in told]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_clock_that_is_right(zone: str) -> None:
    known = plays(year(), began=False)
    assert clock_shift.suspected(known, plays(year(), began=True), zone) is None


def test_too_few_matches_prove_nothing() -> None:
    few = plays([at - 3_600_000 for at in year()[:9]], began=False)
    assert clock_shift.suspected(plays(year(), began=False), few, "UTC") is None


def test_other_listening_proves_nothing() -> None:
    other = plays([at + 3_000_000 + n * 1_000_003 % 7_000_000 for n, at in enumerate(year())],
                  began=False)  # fmt: skip
    assert clock_shift.suspected(plays(year(), began=False), other, "Europe/Berlin") is None
    assert clock_shift.suspected(plays([], began=False), other, "Europe/Berlin") is None
