"""How many calls a development app has a day."""

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


@pytest.mark.parametrize(("used", "polls"), [(0, True), (999, True), (1000, False), (1001, False)])
def test_polls_end_with_the_allowance(used, polls):
    assert call_quota.may_poll(used, 1000) == polls
    assert call_quota.may_poll(used, None)
