"""When a year is closed, and how years are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import closed_years

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "sealed", "closed"),
    [
        (NEW_YEAR + 14 * DAY, NEW_YEAR, True),
        (NEW_YEAR + 14 * DAY - timedelta(seconds=1), NEW_YEAR - 30 * DAY, False),
        (NEW_YEAR + 20 * DAY, NEW_YEAR + 13 * DAY, True),
        (NEW_YEAR + 20 * DAY, NEW_YEAR + 13 * DAY + timedelta(seconds=1), False),
        (NEW_YEAR - DAY, NEW_YEAR - 300 * DAY, False),
    ],
)
def test_a_year_is_closed_two_weeks_after_its_end_once_it_is_at_rest(
    now: datetime, sealed: datetime, closed: bool
) -> None:
    assert closed_years.is_closed(2025, sealed, now) is closed


def test_the_last_year_that_a_clock_can_tell_keeps_no_other_from_closing() -> None:
    assert not closed_years.is_closed(9999, NEW_YEAR, NEW_YEAR)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ([2014], "2014"),
        ([2015, 2014], "2014 and 2015"),
        ([2014, 2015, 2016, 2016], "2014 to 2016"),
        ([2014, 2015, 2016, 2019], "2014 to 2016 and 2019"),
        ([2010, 2012, 2013, 2015], "2010, 2012 and 2013 and 2015"),
    ],
)
def test_years_are_told_in_runs(years: list[int], said: str) -> None:
    assert closed_years.said(years) == said


def test_what_is_told_names_the_years_and_calms() -> None:
    told = closed_years.told([2014, 2016])
    assert told.title == "The plays of 2014 and 2016 cannot be read just now"
    assert "Nothing is lost" in told.text
