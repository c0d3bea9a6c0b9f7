"""No loss that a page tells of is silent, and no gap is false: tried in worlds made at random.

`python -m tests.policy.gap_oracle 0 20000` tries many more and prints the figures.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.gap_oracle import RECORDED, losses, stretches
from tests.policy.gap_worlds import lived

seeds = st.integers(0, 2**32)


@settings(max_examples=80)
@given(seeds)
def test_every_play_that_was_held_and_never_seen_lies_in_a_gap(seed):
    world = lived(seed)
    silent = [one for one in losses(world, world.archive()) if not one.recorded]
    assert [one for one in silent if one.kind in RECORDED] == []


@settings(max_examples=6)
@given(seeds)
def test_a_gap_is_where_the_page_leaves_a_loss_possible_and_nowhere_else(seed):
    archive = lived(seed).archive()
    odd = [part for _, part in stretches(archive) if part.is_false or part.is_silent]
    assert odd == []
