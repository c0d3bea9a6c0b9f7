"""Each safety switched off is noticed within five seeds: the simulation is strong enough."""

from __future__ import annotations

import pytest

from audiospective.simulation.mutants import MUTANTS
from audiospective.simulation.run import Plan, simulate

SEEDS = (1, 2, 4, 5, 7)  # the intervals between polls differ
# Where it takes more members, or more days, than most need.
SIZES: dict[str, tuple[int, int]] = {}
OLD_RULE = "old-overlap-rule"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_safety_that_is_switched_off_is_noticed(name):
    people, days = SIZES.get(name, (12, 4))
    assert any(simulate(Plan(people, days, seed, "heavy", name)).wrong for seed in SEEDS)
