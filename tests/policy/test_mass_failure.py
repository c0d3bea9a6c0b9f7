"""When a failure is everybody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import mass_failure

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("refused", "people", "tripped"),
    [
        (5, 5, False),  # a seat-limited app never trips by five
        (6, 6, True),
        (6, 50, True),
        (6, 60, False),
        (100, 1000, False),
        (101, 1000, True),
        (50, 500, False),
        (51, 500, True),
    ],
)
def test_more_than_five_and_more_than_a_tenth_trip_it(refused, people, tripped):
    assert mass_failure.tripped(refused, people) == tripped


@pytest.mark.parametrize(
    ("refused", "polled", "tripped"),
    [(5, 5, False), (6, 6, True), (6, 12, True), (6, 13, False), (50, 100, True), (49, 100, False)],
)
def test_half_of_the_last_minutes_trip_it_sooner(refused, polled, tripped):
    assert mass_failure.tripped_at_once(refused, polled) == tripped


@pytest.mark.parametrize(("left", "ends"), [(4 * DAY, False), (3 * DAY, True), (-DAY, True)])
def test_a_consent_that_ends_anyway_does_not_count(left, ends):
    assert mass_failure.ends_anyway(NOW + left, NOW) == ends


@pytest.mark.parametrize(
    ("refused", "served", "tripped"),
    [(1, 0, False), (2, 0, True), (2, 1, False), (5, 0, True), (1000, 0, True)],
)
def test_everyone_polled_lately_trips_it_on_an_app_of_any_size_above_one(refused, served, tripped):
    assert mass_failure.everybody(refused, served) == tripped


@pytest.mark.parametrize(
    ("first", "latest", "served", "own"),
    [
        (None, 0, None, True),  # expected, or known since days
        (30, None, 1, False),  # taken back meanwhile
        (300, 300, 1, False),  # not asked again yet, however many others are served
        (9.9, 0, 1, False),  # second thoughts
        (10, 0, 1, True),  # refused again, though somebody else was served since
        (10, 0, 11, False),  # nobody was
        (119, 0, None, False),
        (120, 0, None, True),  # refused again after the pause
        (120, 120, None, False),
        (300, 180, 301, True),
    ],
)
def test_a_refusal_is_believed_if_it_comes_again_and_others_are_served_or_it_lasts(
    first, latest, served, own
):
    def ago(minutes):
        return None if minutes is None else NOW - timedelta(minutes=minutes)

    pause = timedelta(hours=2)
    assert mass_failure.believable(ago(first), ago(latest), ago(served), pause) == own


@pytest.mark.parametrize(("poll", "window"), [(15, 60), (30, 60), (60, 120), (240, 480)])
def test_refusals_are_compared_for_as_long_as_everybody_is_polled_once(poll, window):
    assert mass_failure.window(timedelta(minutes=poll)) == timedelta(minutes=window)
