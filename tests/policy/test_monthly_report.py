"""Of which month a report may be sent, and when."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from audiospective.policy import monthly_report, periods


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        ("UTC", "2026-11-01T07:59:59", None),
        ("UTC", "2026-11-01T08:00:00", "2026-10"),
        ("UTC", "2026-11-20T23:59:59", "2026-10"),
        ("UTC", "2026-11-21T00:00:00", None),
        ("UTC", "2026-10-31T23:00:00", None),
        ("UTC", "2027-01-02T12:00:00", "2026-12"),
        ("Pacific/Auckland", "2026-10-31T18:59:00", None),  # 07:59 on the first there
        ("Pacific/Auckland", "2026-10-31T19:00:00", "2026-10"),
        ("America/Los_Angeles", "2026-11-01T12:00:00", None),  # clocks go back in that night
        ("America/Los_Angeles", "2026-11-01T15:00:00", "2026-10"),
    ],
)
def test_the_first_twenty_days_from_eight_hours_in_of_the_members_zone(zone, now, month):
    found = monthly_report.of(zone, datetime.fromisoformat(f"{now}+00:00"))
    assert (found.address if found else None) == month


@pytest.mark.parametrize(
    ("now", "month"),
    [
        ("2026-10-31T17:59:59", None),
        ("2026-10-31T18:00:00", "2026-10"),  # 08:00 on the first in Kiritimati
        ("2026-11-21T11:59:59", "2026-10"),  # still the twentieth on Baker Island
        ("2026-11-21T12:00:00", None),
    ],
)
def test_the_days_of_a_month_begin_and_end_with_the_outermost_zones(now, month):
    found = monthly_report.anywhere(datetime.fromisoformat(f"{now}+00:00"))
    assert (found.address if found else None) == month


def test_plays_of_a_month_lie_between_its_first_beginning_and_its_last_end():
    start, end = monthly_report.span(periods.month(date(2026, 10, 1)))
    assert (start.isoformat(), end.isoformat()) == (
        "2026-09-30T10:00:00+00:00",
        "2026-11-01T12:00:00+00:00",
    )


def test_twelve_months_begin_at_twelve_places():
    months = [periods.month(date(2026, number, 1)) for number in range(1, 13)]
    assert len({monthly_report.begins_at(one) for one in months}) == 12
