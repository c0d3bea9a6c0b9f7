"""Of which month a report may be sent, and when."""

from __future__ import annotations

from datetime import datetime

import pytest

from audiospective.policy import monthly_report


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        ("UTC", "2026-11-01T07:59:59", None),
        ("UTC", "2026-11-01T08:00:00", "2026-10"),
        ("UTC", "2026-11-05T23:59:59", "2026-10"),
        ("UTC", "2026-11-06T00:00:00", None),
        ("UTC", "2026-10-31T23:00:00", None),
        ("UTC", "2027-01-02T12:00:00", "2026-12"),
        ("Pacific/Auckland", "2026-10-31T18:59:00", None),  # 07:59 on the first there
        ("Pacific/Auckland", "2026-10-31T19:00:00", "2026-10"),
        ("America/Los_Angeles", "2026-11-01T12:00:00", None),  # clocks go back in that night
        ("America/Los_Angeles", "2026-11-01T15:00:00", "2026-10"),
    ],
)
def test_the_first_five_days_from_eight_hours_in_of_the_members_zone(zone, now, month):
    found = monthly_report.of(zone, datetime.fromisoformat(f"{now}+00:00"))
    assert (found.address if found else None) == month
