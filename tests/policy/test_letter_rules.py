"""Ladders, reminders and the order of letters, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import escalation, letters, renewal
from audiospective.policy.letters import KINDS

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
def test_the_ladder_has_three_steps(sent, hours_since_last, due):
    last = None if hours_since_last is None else NOW - hours_since_last * HOUR
    assert escalation.due(sent, last, NOW) == due
    assert escalation.exhausted(sent) == (sent >= 3)


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


def test_the_awaited_go_first_and_then_the_rarest_kinds():
    waiting = [(1, "renewal"), (2, "renewal"), (3, "archive_stopped"), (4, "sign_in_link")]
    waiting += [(5, "renewal"), (6, "back_on"), (7, "back_on")]
    counts = {"renewal": 3, "archive_stopped": 1, "sign_in_link": 900, "back_on": 2}
    assert letters.order(waiting, counts) == [4, 3, 6, 7, 1, 2, 5]


def test_a_kind_that_a_newer_release_knew_does_not_stop_the_others():
    assert letters.order([(1, "from_the_future"), (2, "renewal")], {"renewal": 1}) == [1, 2]


def test_security_letters_cannot_be_switched_off():
    security = {name for name, kind in KINDS.items() if kind.security}
    assert {"verify_address", "sign_in_link", "deletion_scheduled", "deletion_done"} <= security
    assert not security & {"archive_stopped", "renewal", "no_success", "back_on"}
