"""What a page proves about the time before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import gaps
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Before, Cause, Certainty

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def before(**changes):
    values = {
        "last_success_at": NOW - HOUR,
        "newest_play_at": NOW - HOUR - 3 * MINUTE,
        "authorized_at": NOW - timedelta(days=30),
        **changes,
    }
    return Before(**values)


@pytest.mark.parametrize(
    ("items", "oldest", "opens"),
    [
        (50, NOW - 50 * MINUTE, True),  # full, and begins after all we know
        (50, NOW - HOUR - 3 * MINUTE, False),  # its oldest is our newest
        (50, NOW - HOUR - 3 * MINUTE + timedelta(milliseconds=1), True),  # one off
        (50, NOW - 2 * HOUR, False),  # reaches further back
        (49, NOW - 50 * MINUTE, False),  # all there is: nothing can hide
        (1, NOW, False),
        (0, None, False),
        (50, None, False),  # fifty items and not one of them could be read
    ],
)
def test_only_a_full_page_that_does_not_reach_back_opens_a_hole(items, oldest, opens):
    found = gaps.hole(before(), items, oldest, NOW)
    assert (found is not None) == opens
    if found:
        assert (found.start, found.end) == (NOW - HOUR - 3 * MINUTE, oldest)


def test_the_first_page_ever_opens_none():
    first = before(last_success_at=None, newest_play_at=None)
    assert gaps.hole(first, 50, NOW - 50 * MINUTE, NOW) is None


def test_somebody_without_plays_is_known_up_to_the_last_poll():
    found = gaps.hole(before(newest_play_at=None), 50, NOW - 50 * MINUTE, NOW)
    assert found is not None
    assert found.start == NOW - HOUR


def test_a_play_from_the_future_hides_no_hole():
    found = gaps.hole(before(newest_play_at=NOW + timedelta(days=900)), 50, NOW - MINUTE, NOW)
    assert found is not None
    assert found.start == NOW - HOUR


def test_a_play_that_ended_while_we_asked_is_no_play_from_the_future():
    newest = NOW - HOUR + timedelta(seconds=20)
    assert gaps.hole(before(newest_play_at=newest), 50, newest, NOW) is None


LONG = NOW - timedelta(hours=30)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, Cause.OVERFLOW),
        ({"failure": Failure.NETWORK}, Cause.OVERFLOW),  # one hiccup does not explain a full page
        ({"failure": Failure.NETWORK, "last_success_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.SILENT, "last_success_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.QUOTA, "last_success_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.AUTH, "last_success_at": LONG}, Cause.AUTHORIZATION),
        ({"failure": Failure.NOT_ALLOWED, "last_success_at": LONG}, Cause.AUTHORIZATION),
        ({"last_success_at": LONG}, Cause.DOWNTIME),
        ({"failure": Failure.UNKNOWN, "last_success_at": LONG}, Cause.DOWNTIME),
        ({"last_success_at": LONG, "authorized_at": NOW - MINUTE}, Cause.AUTHORIZATION),
        ({"last_success_at": LONG, "paused": True, "authorized_at": NOW}, Cause.PAUSED),
    ],
)
def test_a_hole_knows_where_it_came_from(changes, cause):
    found = gaps.hole(before(**changes), 50, NOW - MINUTE, NOW)
    assert found is not None
    assert found.cause is cause


@pytest.mark.parametrize(
    ("rate", "hours", "certainty"),
    [
        (0.0, 10, Certainty.POSSIBLE),
        (4.9, 1, Certainty.POSSIBLE),
        (5.0, 1, Certainty.SURE),
        (20.0, 0.2, Certainty.POSSIBLE),
        (20.0, 0.25, Certainty.SURE),
    ],
)
def test_a_hole_is_sure_where_five_plays_would_belong_into_it(rate, hours, certainty):
    known = before(plays_per_hour=rate)
    assert known.newest_play_at is not None
    end = known.newest_play_at + timedelta(hours=hours)
    found = gaps.hole(known, 50, end, NOW + timedelta(days=1))
    assert found is not None
    assert found.certainty is certainty


def test_coverage_begins_with_the_oldest_play_or_now():
    assert gaps.covered_from(3, NOW - HOUR, NOW) == NOW - HOUR
    assert gaps.covered_from(0, None, NOW) == NOW
