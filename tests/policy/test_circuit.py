"""How long polling pauses after failures."""

from datetime import timedelta

import pytest

from audiospective.policy import circuit
from audiospective.policy.failures import Failure


@pytest.mark.parametrize(
    ("failure", "minutes"),
    [
        (Failure.AUTH, [30, 60, 120, 240, 240, 240]),
        (Failure.NOT_ALLOWED, [240, 480, 960, 1440, 1440]),
        (Failure.NETWORK, [10, 20, 40, 60, 60]),
        (Failure.SILENT, [30, 60, 120, 240, 240]),
        (Failure.UNKNOWN, [20, 40, 80, 160, 160, 160]),
    ],
)
def test_each_failure_in_a_row_doubles_the_pause_up_to_a_limit(failure, minutes):
    pauses = [circuit.cooldown(failure, n) for n in range(1, len(minutes) + 1)]
    assert pauses == [timedelta(minutes=each) for each in minutes]


def test_a_thousand_failures_still_end_in_another_try():
    assert circuit.cooldown(Failure.UNKNOWN, 1000) == timedelta(minutes=160)


@pytest.mark.parametrize(
    ("unfinished", "alone", "paused"),
    [(0, False, False), (1, False, False), (2, True, False), (3, True, True), (9, True, True)],
)
def test_people_with_whom_workers_die_are_polled_alone_and_then_paused(unfinished, alone, paused):
    assert circuit.must_go_alone(unfinished) is alone
    assert circuit.must_pause(unfinished) is paused
