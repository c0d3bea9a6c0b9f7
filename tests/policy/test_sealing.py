"""When plays move, and into which year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audiospective import clock
from audiospective.policy import sealing


@pytest.mark.parametrize(("rows", "moving"), [(0, 0), (100, 0), (101, 1), (201, 101)])
def test_all_but_the_newest_move(rows: int, moving: int) -> None:
    assert sealing.moving(rows) == moving


def test_the_rows_that_stay_cover_every_page_spotify_shows() -> None:
    assert sealing.KEEP >= 2 * 50


@pytest.mark.parametrize("year", [1970, 2000, 2024, 2025, 2100])
def test_years_begin_and_end_in_utc(year: int) -> None:
    first, following = sealing.year_span(year)
    assert clock.from_ms(first) == datetime(year, 1, 1, tzinfo=UTC)
    assert sealing.year_of(first) == sealing.year_of(following - 1) == year
    assert sealing.year_of(following) == year + 1


def test_the_last_year_of_all_ends_as_well() -> None:
    first, following = sealing.year_span(9999)
    assert sealing.year_of(first) == sealing.year_of(following - 1) == 9999
    assert clock.from_ms(following - 1) == datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


NEWEST_PAGE = (9, sealing.FOREVER)


@pytest.mark.parametrize(
    ("page_from", "since"),
    [
        (None, []),
        (7, [(7, 10)]),
        (3, [(3, 10)]),
        (2, [(2, 9)]),  # at most two times what stays as a rule
        (0, [(1, 8)]),
        (11, []),
    ],
)
def test_the_newest_page_stays_and_what_ended_since_the_last_one_began(page_from, since) -> None:
    ends = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert sealing.shown_again(ends, page_from, keep=4) == [NEWEST_PAGE, *since]


def test_where_polls_told_nothing_or_nothing_is_to_stay_nothing_is_shown_again() -> None:
    assert sealing.shown_again([], 7) == []
    assert sealing.shown_again([3, 2, 1], 1, keep=0) == []
