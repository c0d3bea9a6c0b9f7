"""Which e-mail about a trouble, or before the end of a consent, is due, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import escalation, renewal

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("sent", "hours_since_last", "due"),
    [
        (0, None, 0),  # at once
        (1, None, None),  # the first is owed but has not gone out
        (1, 47.99, None),
        (1, 48, 1),
        (2, 119.99, None),
        (2, 120, 2),
        (2, None, None),
        (3, 10_000, None),  # never a fourth
        (7, 10_000, None),
    ],
)
def test_there_are_three_steps(sent, hours_since_last, due):
    last = None if hours_since_last is None else NOW - hours_since_last * HOUR
    assert escalation.due(sent, last, NOW) == due


@pytest.mark.parametrize(("ago", "quiet"), [(DAY - SECOND, False), (DAY, True), (9 * DAY, True)])
def test_a_day_without_success_is_quiet(ago, quiet):
    assert escalation.gone_quiet(NOW - ago, NOW) == quiet


@pytest.mark.parametrize(
    ("left", "step"),
    [
        (31 * DAY, None),
        (30 * DAY + SECOND, None),
        (30 * DAY, 0),
        (7 * DAY + SECOND, 0),
        (7 * DAY, 1),
        (DAY + SECOND, 1),
        (DAY, 2),
        (SECOND, 2),
        (timedelta(0), None),  # from here on the first ladder takes over
        (-DAY, None),
    ],
)
def test_reminders_stand_thirty_seven_and_one_day_before(left, step):
    assert renewal.step(NOW + left, NOW) == step


@pytest.mark.parametrize(("ago", "over"), [(179 * DAY, False), (180 * DAY, True)])
def test_an_incident_of_half_a_year_is_not_written_about_any_more(ago, over):
    assert escalation.given_up(NOW - ago, NOW) == over
