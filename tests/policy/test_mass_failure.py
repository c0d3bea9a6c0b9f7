"""When a failure is everybody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import call_quota, mass_failure

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
    ("late", "people", "outage"),
    [(1, 1, True), (5, 5, True), (4, 5, False), (6, 40, True), (6, 60, False), (0, 3, False)],
)
def test_an_outage_is_what_hits_everybody_or_many(late, people, outage):
    assert mass_failure.hits_everybody(late, people) == outage


@pytest.mark.parametrize(
    ("mode", "seats", "allowance"),
    [
        ("development", 5, 1000),
        ("development", 1, 1000),
        ("development", 25, 5000),
        ("development", None, None),
        ("extended", 5, None),
    ],
)
def test_a_development_app_has_a_daily_allowance(mode, seats, allowance):
    assert call_quota.calls_a_day(mode, seats) == allowance


@pytest.mark.parametrize(
    ("used", "looked_up", "polls", "look_ups"),
    [
        (0, 0, True, True),
        (749, 100, True, True),
        (750, 100, True, False),  # polls keep the last quarter to themselves
        (600, 500, True, False),
        (999, 0, True, False),
        (1000, 0, False, False),
    ],
)
def test_polling_goes_before_look_ups(used, looked_up, polls, look_ups):
    assert call_quota.may_poll(used, 1000) == polls
    assert call_quota.may_look_up(used, looked_up, 1000) == look_ups
    assert call_quota.may_poll(used, None)
    assert call_quota.may_look_up(used, looked_up, None)


@pytest.mark.parametrize(
    ("moved", "people", "still"),
    [(0, 9, False), (0, 10, True), (1, 10, False), (1, 50, True), (2, 50, False), (20, 1000, True)],
)
def test_a_feed_stands_still_for_a_crowd_only(moved, people, still):
    assert mass_failure.stands_still(moved, people) == still
