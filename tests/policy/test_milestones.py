"""The next round number, and when it comes."""

from __future__ import annotations

from datetime import date

import pytest

from audiospective.policy import milestones

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("plays", "recent", "days", "goal", "day"),
    [
        (0, 0, 90, 100, None),
        (99, 90, 90, 100, date(2026, 11, 27)),
        (100, 90, 90, 200, date(2027, 3, 6)),
        (999, 1, 90, 1_000, date(2027, 2, 24)),
        (1_000, 9_000, 90, 2_000, date(2026, 12, 6)),
        (41_873, 900, 90, 45_000, date(2027, 10, 5)),
        (1_000_000, 900, 90, 1_100_000, None),  # in 27 years
        (12, 12, 1, 100, None),  # a day tells nothing
        (12, 14, 7, 100, date(2027, 1, 9)),
    ],
)
def test_the_next_milestone_has_a_day_where_the_pace_tells_one(
    plays: int, recent: int, days: int, goal: int, day: date | None
) -> None:
    found = milestones.following(plays, recent, days, TODAY)
    assert (found.plays, found.day) == (goal, day)
    assert found.before <= plays < found.plays
