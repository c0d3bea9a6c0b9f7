"""When nobody is served, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import outage

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("late", "people", "hit"),
    [(1, 1, True), (5, 5, True), (4, 5, False), (6, 40, True), (6, 60, False), (0, 3, False)],
)
def test_an_outage_is_what_hits_everybody_or_many(late, people, hit):
    assert outage.hits_everybody(late, people) == hit


@pytest.mark.parametrize(
    ("moved", "people", "still"),
    [(0, 9, False), (0, 10, True), (1, 10, False), (1, 50, True), (2, 50, False), (20, 1000, True)],
)
def test_a_feed_stands_still_for_a_crowd_only(moved, people, still):
    assert outage.stands_still(moved, people) == still


@pytest.mark.parametrize(
    ("since", "noticed", "told"),
    [
        (24, 21, True),
        (23.9, 21, False),  # not a day yet
        (60, 19.9, False),  # nothing ran here until now
        (60, 20, True),
    ],
)
def test_an_outage_of_a_day_is_told_unless_nothing_ran_here(since, noticed, told):
    assert outage.is_told(NOW - since * HOUR, NOW - noticed * HOUR, NOW) == told


@pytest.mark.parametrize(
    ("late", "people", "told"),
    [(1, 1, True), (2, 2, True), (5, 5, True), (4, 5, False), (6, 6, False), (1000, 1000, False)],
)
def test_members_are_told_of_an_outage_where_all_are_hit_and_few(late, people, told):
    assert outage.tells_members(late, people) == told


@pytest.mark.parametrize(
    ("noticed", "seen", "lifted", "explained"),
    [
        (-3, 4, 0, True),  # hours from when it was lifted, a day after it tripped
        (-3, 4.1, 0, False),  # those who are refused count as late no more
        (0, 1, 0, True),
        (0.1, 1, 0, False),  # it began after the guard's day
        (-3, 99, None, True),
    ],
)
def test_a_guard_that_was_lifted_explains_no_outage_that_is_seen_for_hours_after(
    noticed, seen, lifted, explained
):
    lifted_at = None if lifted is None else NOW + lifted * HOUR
    began = NOW - 24 * HOUR
    told = outage.is_explained(NOW + noticed * HOUR, NOW + seen * HOUR, began, lifted_at)
    assert told == explained
