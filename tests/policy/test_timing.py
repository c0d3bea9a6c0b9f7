"""How exactly the time of a play is known."""

from __future__ import annotations

import pytest

from audiospective.policy.timing import BY_END, BY_HEARD, Timing


@pytest.mark.parametrize("timing", Timing)
def test_every_timing_has_a_precision(timing: Timing) -> None:
    assert timing.precision in (1, 1_000, 60_000, 86_400_000)


def test_better_timings_have_lower_numbers() -> None:
    assert sorted(Timing) == list(Timing)
    ends = [one for one in Timing if one in BY_END]
    assert [one.precision for one in ends] == sorted(one.precision for one in ends)
    assert min(BY_HEARD) > Timing.END_MINUTE
    assert max(BY_HEARD) < Timing.BEGAN
