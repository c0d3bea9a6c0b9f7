"""The window and its cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.sandbox.plays import Play
from audiospective.sandbox.window import Tape, cut

BASE = 1_795_000_000_000


def ms(number: int) -> int:
    """When play P<number> ended."""
    return BASE + number * 180_000


def window_of(times: list[int]) -> list[Play]:
    tape = Tape()
    for order, at in enumerate(times):
        tape.record(Play(at, at, order, None))
    return tape.window


SIXTY = window_of([ms(number) for number in range(1, 61)])


@pytest.mark.parametrize(
    ("limit", "after", "before", "newest", "oldest"),
    [
        (50, None, None, 60, 11),
        (50, None, ms(11), None, None),
        (20, None, None, 60, 41),
        (20, None, ms(41), 40, 21),
        (50, ms(58), None, 60, 59),
        (50, ms(60), None, None, None),
        (20, 0, None, 30, 11),
        (20, ms(30), None, 50, 31),
        (50, ms(3), None, 60, 11),
        (50, None, ms(3), None, None),
        (1, None, None, 60, 60),
        (1, 0, None, 11, 11),
    ],
)
def test_a_page_holds_what_the_contract_says(
    limit: int, after: int | None, before: int | None, newest: int | None, oldest: int | None
) -> None:
    page = [play.played_at for play in cut(SIXTY, limit, after, before)]
    if newest is None or oldest is None:
        assert page == []
    else:
        assert page == [ms(number) for number in range(newest, oldest - 1, -1)]


def test_a_late_play_older_than_a_full_window_is_never_shown() -> None:
    tape = Tape()
    for order in range(50):
        tape.record(Play(ms(order + 2), ms(order + 2), order, None))
    late = Play(ms(1), ms(99), 50, None)
    tape.record(late)
    assert late not in tape.window
    assert late.left_at == ms(99)


def test_a_late_play_takes_its_place_by_time_and_pushes_the_oldest_out() -> None:
    tape = Tape()
    for order in range(50):
        tape.record(Play(ms(order), ms(order), order, None))
    tape.record(Play(ms(30) + 5, ms(99), 50, None))
    assert len(tape.window) == 50
    assert [play.played_at for play in tape.window[29:31]] == [ms(30), ms(30) + 5]
    assert tape.window[0].played_at == ms(1)


times = st.lists(st.integers(0, 400), max_size=90)


@given(times, st.integers(1, 50))
def test_paging_back_from_now_meets_every_moment_of_the_window_once(
    at: list[int], limit: int
) -> None:
    window = window_of(at)
    seen: list[int] = []
    page = cut(window, limit)
    while page:
        seen += [play.played_at for play in page]
        page = cut(window, limit, before=page[-1].played_at)
    assert seen == sorted(seen, reverse=True)
    # Plays of one millisecond may be cut apart by a page's end: the cursor is exclusive.
    assert set(seen) == {play.played_at for play in window}


@given(times, st.integers(1, 50))
def test_paging_forward_from_the_beginning_meets_every_moment_of_the_window_once(
    at: list[int], limit: int
) -> None:
    window = window_of(at)
    seen: list[int] = []
    page = cut(window, limit, after=-1)
    while page:
        assert [play.played_at for play in page] == sorted(
            (play.played_at for play in page), reverse=True
        )
        seen += [play.played_at for play in reversed(page)]
        page = cut(window, limit, after=page[0].played_at)
    assert seen == sorted(seen)
    assert set(seen) == {play.played_at for play in window}


@given(times, st.integers(1, 50), st.integers(-1, 401))
def test_both_cursors_are_exclusive_and_a_page_is_as_near_to_them_as_can_be(
    at: list[int], limit: int, cursor: int
) -> None:
    kept = sorted(at)[-50:]
    later = [moment for moment in kept if moment > cursor][:limit]
    earlier = [moment for moment in kept if moment < cursor][-limit:]
    window = window_of(at)
    assert [play.played_at for play in cut(window, limit, after=cursor)] == later[::-1]
    assert [play.played_at for play in cut(window, limit, before=cursor)] == earlier[::-1]
