"""Periods: their ends, their addresses, and what stands before and after them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import periods
from audiospective.policy.periods import Kind, Period

DAY = timedelta(days=1)
TODAY = date(2026, 11, 26)
days = st.dates(date(1999, 1, 1), date(2100, 1, 1))
starts = st.sampled_from([1, 6, 7])


@pytest.mark.parametrize(
    ("address", "first", "last", "title"),
    [
        ("2026", (2026, 1, 1), (2026, 12, 31), "2026"),
        ("2024-02", (2024, 2, 1), (2024, 2, 29), "February 2024"),
        ("2026-12", (2026, 12, 1), (2026, 12, 31), "December 2026"),
        ("2026-W48", (2026, 11, 23), (2026, 11, 29), "Week 48 of 2026"),
        ("2020-W53", (2020, 12, 28), (2021, 1, 3), "Week 53 of 2020"),
        ("2026-W01", (2025, 12, 29), (2026, 1, 4), "Week 1 of 2026"),
        ("2026-02-28..2026-03-01", (2026, 2, 28), (2026, 3, 1), "28 Feb to 1 Mar 2026"),
        ("2025-12-31..2026-01-01", (2025, 12, 31), (2026, 1, 1), "31 Dec 2025 to 1 Jan 2026"),
        ("2026-03-04..2026-03-04", (2026, 3, 4), (2026, 3, 4), "4 Mar 2026"),
        ("all", (2011, 5, 6), (2026, 11, 26), "All time"),
    ],
)
def test_an_address_names_its_days(
    address: str, first: tuple[int, int, int], last: tuple[int, int, int], title: str
) -> None:
    found = periods.parse(address, TODAY, date(2011, 5, 6))
    assert found is not None
    assert (found.first, found.last) == (date(*first), date(*last))
    assert found.address == address
    assert periods.title(found) == title


def test_a_week_begins_when_the_members_does() -> None:
    ends = [periods.week(TODAY, start) for start in (1, 6, 7)]
    assert [one.first.day for one in ends] == [23, 21, 22]
    assert {one.address for one in ends} == {"2026-W48"}


@given(days, starts)
def test_every_period_has_an_address_of_its_own(day: date, start: int) -> None:
    for one in (periods.year(day.year), periods.month(day), periods.week(day, start)):
        assert one.first <= day <= one.last
        assert periods.parse(one.address, TODAY, None, start) == one
        before, after = periods.before(one, start), periods.after(one, start)
        assert before
        assert after
        assert before.last + DAY == one.first
        assert one.last + DAY == after.first
        assert periods.after(before, start) == periods.before(after, start) == one


@given(days, st.integers(0, 400))
def test_a_range_stands_beside_ranges_of_its_length(day: date, more: int) -> None:
    one = periods.span(day, day + more * DAY)
    before, after = periods.before(one), periods.after(one)
    assert before
    assert after
    assert before.days == one.days == after.days
    assert (before.last + DAY, after.first - DAY) == (one.first, one.last)


@pytest.mark.parametrize(
    ("period", "compared"),
    [
        (periods.month(date(2026, 11, 1)), (date(2026, 10, 1), date(2026, 10, 26))),
        (periods.year(2026), (date(2025, 1, 1), date(2025, 11, 26))),
        (periods.week(TODAY), (date(2026, 11, 16), date(2026, 11, 19))),
        (periods.month(date(2026, 10, 1)), (date(2026, 9, 1), date(2026, 9, 30))),
    ],
)
def test_what_is_not_over_is_compared_with_as_much_of_the_one_before(
    period: Period, compared: tuple[date, date]
) -> None:
    earlier = periods.before(period)
    assert earlier
    found = periods.so_far(period, earlier, TODAY)
    assert (found.first, found.last) == compared


def test_the_end_of_march_is_compared_with_no_more_than_february() -> None:
    march = periods.month(date(2026, 3, 1))
    february = periods.month(date(2026, 2, 1))
    found = periods.so_far(march, february, date(2026, 3, 31))
    assert (
        found.last == date(2026, 2, 28) == periods.so_far(march, february, date(2026, 3, 30)).last
    )


def test_all_time_stands_alone() -> None:
    one = periods.all_time(date(2011, 5, 6), TODAY)
    assert one.kind is Kind.ALL
    assert periods.before(one) is periods.after(one) is None
    assert periods.parse("all", TODAY, None) == periods.all_time(TODAY, TODAY)


@pytest.mark.parametrize(
    "address", ["9999-12", "9999-W52", "0001-W01", "9999", "0001", "2026-13", "2026-W54"]
)
@pytest.mark.parametrize("start", [1, 6, 7])
def test_what_has_no_end_or_no_beginning_is_no_period(address: str, start: int) -> None:
    assert periods.parse(address, TODAY, None, start) is None
