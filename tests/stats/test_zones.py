"""Plays in the clock of the member who heard them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiospective.stats import zones

WITHOUT_A_PLACE = {"Factory", "localtime"}  # of the machine, not of the world
SEEN = datetime(1999, 1, 1, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC)


def frame(*instants: datetime) -> pl.DataFrame:
    return pl.DataFrame({"played_at": sorted(instants)}).cast(pl.Datetime("ms", "UTC"))


def as_python_says(plays: pl.DataFrame, zone: str) -> list[datetime]:
    there = ZoneInfo(zone)
    return [at.astimezone(there).replace(tzinfo=None) for at in plays["played_at"].to_list()]


@given(
    st.sampled_from(sorted(available_timezones() - WITHOUT_A_PLACE)),
    st.lists(
        st.datetimes(*(at.replace(tzinfo=None) for at in SEEN)).map(
            lambda at: at.replace(tzinfo=UTC, microsecond=0)
        ),
        max_size=20,
    ),
)
def test_the_clock_on_the_wall_is_the_zones_own(zone: str, instants: list[datetime]) -> None:
    plays = frame(*instants)
    assert zones.local(plays, zone).to_list() == as_python_says(plays, zone)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])
def test_each_minute_of_a_year_with_its_changes_of_the_clock(zone: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    plays = frame(*(start + timedelta(minutes=n * 25) for n in range(365 * 58)))
    assert plays.height > zones.FEW
    assert zones.local(plays, zone).to_list() == as_python_says(plays, zone)


@settings(max_examples=40)
@given(
    st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12", "Africa/Monrovia"]),
    st.lists(
        st.builds(
            lambda year, hours: datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hours),
            st.sampled_from([1972, 1999, 2000, 2024, 2025]),
            st.integers(-60, 60) | st.integers(0, 8_000),
        ),
        max_size=20,
    ),
)
def test_years_are_those_of_the_wall_clock(zone: str, instants: list[datetime]) -> None:
    plays = frame(*instants)
    found = zones.years(plays["played_at"], zone)
    assert [year for many, year in found for _ in range(many)] == [
        at.year for at in as_python_says(plays, zone)
    ]


def test_plays_thousands_of_years_apart_have_their_years() -> None:
    plays = frame(datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
    assert zones.years(plays["played_at"], "Europe/Berlin") == [(1, 1), (1, 9999)]
