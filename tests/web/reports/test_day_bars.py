"""The words under the bars of the days of a report."""

from __future__ import annotations

from datetime import date

import pytest

from audiospective.policy import periods
from audiospective.policy.counting import Counting
from audiospective.web.reports import day_bars

TODAY = date(2026, 11, 27)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


@pytest.mark.parametrize(
    ("address", "first", "named"),
    [
        ("2026-W46", date(2020, 1, 1), "Mon Tue Wed Thu Fri Sat Sun"),
        ("2025-11", date(2020, 1, 1), " ".join(f"{day} Nov" for day in range(1, 29, 3))),
        ("2025", date(2020, 1, 1), MONTHS),
        ("all", date(2024, 11, 5), "2025 Apr Jul Oct 2026 Apr Jul Oct"),
        ("all", date(2012, 3, 1), " ".join(str(year) for year in range(2013, 2027))),
    ],
)
def test_parts_are_named_where_they_begin(address: str, first: date, named: str) -> None:
    period = periods.parse(address, TODAY, first)
    assert period is not None
    chart, _ = day_bars.of({}, period, TODAY, (), Counting())
    assert " ".join(words for words, here in chart.labels if here) == named
