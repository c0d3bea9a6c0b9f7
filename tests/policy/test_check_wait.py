"""When somebody who pauses and resumes, or signs in anew, is polled again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy.check_wait import PATIENCE, soonest

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("last", "at"),
    [
        (None, NOW),
        (NOW - 60 * MINUTE, NOW),
        (NOW - PATIENCE, NOW),
        (NOW - 2 * MINUTE, NOW + 3 * MINUTE),
        (NOW + 600 * MINUTE, NOW + PATIENCE),
    ],
    ids=["never", "long ago", "just long enough ago", "a moment ago", "by a clock that was ahead"],
)
def test_asking_again_waits_for_the_rest_of_five_minutes(last: datetime, at: datetime) -> None:
    assert soonest(last, NOW) == at
