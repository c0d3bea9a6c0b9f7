"""Safeties switched off one at a time are noticed within five seeds: the oracle sees enough."""

from __future__ import annotations

import pytest

from audiospective.simulation.run import Plan, simulate

SEEDS = (1, 2, 4, 5, 7)  # the intervals between polls differ


@pytest.mark.parametrize("name", ["claim", "fence", "outbox-claim"])
def test_a_safety_that_is_switched_off_is_noticed(name):
    assert any(simulate(Plan(12, 4, seed, "heavy", name)).wrong for seed in SEEDS)
