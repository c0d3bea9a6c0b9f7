"""How many calls a development app has a day, and who goes first."""

from __future__ import annotations

import pytest

from audiospective.policy import call_quota


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
