"""Days, weeks, months and years in people's own zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import calendar

ZONES = [
    "UTC",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
HOUR = timedelta(hours=1)
INSTANTS = st.integers(1_104_600_000, 1_893_400_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 7, 1), 24),
        ("America/Havana", date(2026, 3, 8), 23),  # clocks jump over midnight
        ("America/Havana", date(2026, 11, 1), 25),  # midnight comes twice
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # a day that was skipped
    ],
)
def test_days_are_as_long_as_clocks_make_them(zone: str, day: date, hours: float) -> None:
    start, end = calendar.day(zone, day)
    assert (end - start) / HOUR == hours


def test_new_years_eve_in_los_angeles_belongs_to_the_old_year() -> None:
    late = datetime(2026, 1, 1, 7, 30, tzinfo=UTC)  # 23:30 on 31 December there
    start, end = calendar.year("America/Los_Angeles", 2025)
    assert start <= late < end
    assert not calendar.year("UTC", 2025)[1] > late


@pytest.mark.parametrize("zone", ["Mars/Phobos", "America", "", "../etc/passwd", "a\0b"])
def test_a_zone_that_this_machine_does_not_know_is_utc(zone: str) -> None:
    assert (calendar.usable(zone), calendar.usable("Asia/Kathmandu")) == ("UTC", "Asia/Kathmandu")


def test_months_begin_at_the_first() -> None:
    assert calendar.month("UTC", 2026, 12) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


@given(
    st.sampled_from(ZONES),
    INSTANTS,
)
def test_every_instant_lies_in_the_day_month_and_year_that_its_clock_shows(
    zone: str, at: datetime
) -> None:
    shown = at.astimezone(ZoneInfo(zone)).date()
    for start, end in (
        calendar.day(zone, shown),
        calendar.month(zone, shown.year, shown.month),
        calendar.year(zone, shown.year),
    ):
        assert start <= at < end
    assert calendar.today(zone, at) == shown
