"""Pairing plays of one track: as many as possible, nearest first, in the order of time."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.matching import NEAR, Box, clocks_differ, in_order, overlap, pair_up

places = st.integers(0, 4)
distances = st.integers(0, 9) | st.integers(NEAR - 2, NEAR + 9)
possible = st.dictionaries(st.tuples(places, places), distances, max_size=9)


@given(possible)
def test_no_other_pairing_is_better(pairs: dict[tuple[int, int], int]) -> None:
    found = pair_up([(left, right, apart) for (left, right), apart in pairs.items()])
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(found))
    assert worth(pairs, found) == max(
        worth(pairs, some)
        for size in range(6)
        for some in combinations(sorted(pairs), size)
        if all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(some))
    )


def worth(pairs: dict[tuple[int, int], int], chosen: object) -> tuple[float, int]:
    apart = [pairs[pair] for pair in chosen]  # type: ignore[attr-defined]
    return sum(2.5 if one < NEAR else 1 for one in apart), -sum(apart)


def test_plays_on_repeat_are_not_shifted_by_one() -> None:
    # Each end (right) is nearest to the beginning of the next play (left): that must not count.
    nearer_to_the_next = [(n, n, 180_000) for n in range(5)]
    nearer_to_the_next += [(n + 1, n, NEAR) for n in range(4)]
    assert pair_up(nearer_to_the_next) == [(n, n) for n in range(5)]


def test_two_pairs_of_strangers_do_not_take_the_place_of_one_that_fits() -> None:
    # Beginnings (right) of two plays on repeat, ends (left) of the one before and of the first.
    before, of_first = (0, 0, 785_000), (1, 1, 785_000)
    assert pair_up([before, of_first, (1, 0, NEAR - 1)]) == [(1, 0)]
    assert pair_up([before, of_first, (1, 0, NEAR)]) == [(0, 0), (1, 1)]


def test_no_pairs_make_no_pairs() -> None:
    assert pair_up([]) == []


moments = st.lists(st.integers(0, 60), max_size=12)


@given(moments, moments)
def test_in_order_finds_as_many_as_weighing_does(lefts: list[int], rights: list[int]) -> None:
    left = boxes(lefts)
    right = boxes(rights)
    found = in_order(left, right)
    assert all(overlap(left[one], right[other]) for one, other in found)
    assert len({one for one, _ in found}) == len({other for _, other in found}) == len(found)
    pairs = [(a[0], b[0], 0) for a in left for b in right if overlap(a, b)]
    assert len(found) == len(pair_up(pairs))


def boxes(moments: list[int]) -> list[Box]:
    return [(n, at - 40, at, at - 3, at + 3) for n, at in enumerate(sorted(moments))]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((0, 0, 10, 20, 30), True),
        ((0, 10, 20, 30, 40), True),
        ((0, 11, 20, 20, 30), False),
        ((0, 0, 10, 31, 40), False),
    ],
    ids=["equal", "touching", "began later", "ended later"],
)
def test_two_plays_may_be_one_if_both_spans_overlap(other: Box, same: bool) -> None:
    assert overlap((0, 0, 10, 20, 30), other) is same
    assert overlap(other, (0, 0, 10, 20, 30)) is same


@pytest.mark.parametrize(
    ("near", "late", "differ"),
    [(0, 0, False), (0, 1, False), (0, 2, True), (2, 2, False), (2, 3, True), (9, 3, False)],
)
def test_clocks_differ_where_more_than_one_and_most_pairs_say_so(
    near: int, late: int, differ: bool
) -> None:
    assert clocks_differ(near, late) is differ
