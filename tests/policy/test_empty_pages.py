"""Empty pages and feeds that stand still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import empty_pages
from audiospective.policy.empty_pages import Reading

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("items", "had_plays", "empty_before", "profile_ok", "reading"),
    [
        (0, False, False, None, Reading.NORMAL),  # a new account
        (0, False, True, None, Reading.NORMAL),
        (3, True, True, None, Reading.NORMAL),
        (0, True, False, None, Reading.ANOMALY),  # once: recorded
        (0, True, True, None, Reading.CONFIRM),  # twice: ask who it is
        (0, True, True, True, Reading.ANOMALY),  # the token works: not held against anybody
        (0, True, True, False, Reading.SILENT),
    ],
)
def test_an_empty_page_is_a_failure_only_when_twice_and_confirmed(
    items, had_plays, empty_before, profile_ok, reading
):
    found = empty_pages.read(
        items, had_plays=had_plays, empty_before=empty_before, profile_ok=profile_ok
    )
    assert found is reading


@pytest.mark.parametrize(
    ("days_since", "longest_pause_days", "quiet"),
    [
        (6.9, 0, False),  # a week is a flu
        (7.1, 0, True),
        (20, 6, False),  # somebody who pauses for days
        (25, 6, True),
    ],
)
def test_a_feed_stands_still_by_the_measure_of_its_owner(days_since, longest_pause_days, quiet):
    newest = NOW - days_since * DAY
    found = empty_pages.quiet_since(newest, longest_pause_days * DAY, NOW)
    assert found == (newest if quiet else None)


def test_somebody_without_plays_is_not_quiet():
    assert empty_pages.quiet_since(None, timedelta(0), NOW) is None
