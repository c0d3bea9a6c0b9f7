"""Stretches of coverage that overlap become one, and a gap counts more than they do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import stretches

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda ends: (min(ends), max(ends))), max_size=6)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "gaps", "told"),
    [
        ([], [], []),
        ([(0, 2), (3, 5)], [(1, 4)], [(0, 2), (3, 5)]),  # nothing overlaps: as they are
        ([(0, 2), (2, 5), (7, 7)], [], [(0, 2), (2, 5), (7, 7)]),
        ([(0, 3), (2, 5)], [], [(0, 5)]),
        ([(2, 5), (0, 9)], [], [(0, 9)]),
        ([(0, 9), (6, 9)], [(4, 6)], [(0, 4), (6, 9)]),  # two that grew at once
        ([(0, 9), (6, 9), (12, 14)], [(4, 6), (13, 20)], [(0, 4), (6, 9), (12, 14)]),
        ([(0, 5), (1, 2), (5, 9), (6, 7)], [], [(0, 5), (5, 9)]),
        ([(0, 9), (1, 2)], [(3, 6), (4, 5), (8, 20)], [(0, 3), (6, 8)]),
        ([(0, 9), (0, 9)], [(0, 9)], []),
    ],
)
def test_overlapping_stretches_become_one_less_the_gaps(
    found: list[tuple[int, int]], gaps: list[tuple[int, int]], told: list[tuple[int, int]]
) -> None:
    assert stretches.apart(found, gaps) == told


def _inside(spans: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


@given(SPANS, SPANS)
def test_what_is_told_is_apart_says_nothing_new_and_loses_no_gap(
    found: list[tuple[int, int]], gaps: list[tuple[int, int]]
) -> None:
    told = stretches.apart(found, gaps)
    assert all(one[1] <= other[0] for one, other in pairwise(told))
    assert _inside(told) <= _inside(found)
    assert _inside(found) - _inside(told) <= _inside(gaps)
    assert _inside(stretches.without(stretches.joined(found), gaps)) == (
        _inside(found) - _inside(gaps)
    )
