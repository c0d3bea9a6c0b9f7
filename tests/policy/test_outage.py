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
