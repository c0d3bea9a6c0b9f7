"""Whose heavy page is made next, and who is told to come again."""

from __future__ import annotations

import pytest

from audiospective.policy.page_turns import AT_ONCE, HELD, Door, Guest, admitted, following

ALICE, BOB, CHARLIE, DORA = 1, 2, 3, 4
BROWSER, PROGRAM, VISITOR = Door


def most(*guests: Guest) -> list[int]:
    """How many threads each of `guests` holds if each in turn asks until it is refused."""
    held: list[Guest] = []
    for guest in guests:
        while admitted(guest, held):
            held.append(guest)
    return [held.count(guest) for guest in guests]


@pytest.mark.parametrize(
    ("guests", "threads"),
    [
        ([Guest(ALICE, BROWSER)], [15]),
        ([Guest(ALICE, BROWSER), Guest(BOB, BROWSER)], [15, 7]),
        ([Guest(member, BROWSER) for member in (ALICE, BOB, CHARLIE, DORA)], [15, 7, 4, 2]),
        # a leaked token keeps its member from nothing, and adds nothing to what they hold
        ([Guest(ALICE, PROGRAM), Guest(ALICE, BROWSER)], [15, 7]),
        ([Guest(ALICE, BROWSER), Guest(ALICE, PROGRAM)], [15, 0]),
        ([Guest(ALICE, PROGRAM), Guest(ALICE, BROWSER), Guest(BOB, BROWSER)], [15, 7, 4]),
        # links that strangers have
        ([Guest(ALICE, VISITOR)], [7]),
        ([Guest(ALICE, VISITOR), Guest(BOB, VISITOR), Guest(CHARLIE, VISITOR)], [7, 4, 2]),
        ([Guest(ALICE, VISITOR), Guest(BOB, VISITOR), Guest(ALICE, BROWSER)], [7, 4, 9]),
    ],
)
def test_whoever_asks_for_all_leaves_room_for_others(
    guests: list[Guest], threads: list[int]
) -> None:
    assert most(*guests) == threads
    assert sum(threads) <= HELD


@pytest.mark.parametrize(
    ("waiting", "running", "place"),
    [
        ([], [], None),
        ([Guest(ALICE, BROWSER)], [], 0),
        ([Guest(ALICE, BROWSER)], [ALICE], None),
        ([Guest(ALICE, BROWSER), Guest(BOB, BROWSER)], [ALICE], 1),
        ([Guest(ALICE, BROWSER), Guest(BOB, BROWSER)], [], 0),
        # the member first, then their programs, then strangers
        ([Guest(ALICE, VISITOR), Guest(ALICE, PROGRAM), Guest(ALICE, BROWSER)], [], 2),
        ([Guest(ALICE, VISITOR), Guest(ALICE, PROGRAM)], [], 1),
        # but one member no sooner than another who came first
        ([Guest(BOB, PROGRAM), Guest(ALICE, BROWSER)], [], 0),
        ([Guest(BOB, VISITOR), Guest(ALICE, VISITOR)], [], 0),
        # nor later than strangers who follow another's links
        ([Guest(BOB, VISITOR), Guest(ALICE, BROWSER)], [], 1),
        ([Guest(BOB, VISITOR), Guest(ALICE, PROGRAM)], [], 1),
        ([Guest(BOB, VISITOR), Guest(ALICE, BROWSER)], [ALICE], 0),
        ([Guest(DORA, BROWSER)], [ALICE, BOB], 0),
        ([Guest(DORA, BROWSER)], [ALICE, BOB, CHARLIE], None),
    ],
)
def test_pages_of_each_member_are_made_one_at_a_time_and_few_in_all(
    waiting: list[Guest], running: list[int], place: int | None
) -> None:
    assert AT_ONCE == 3
    assert following(waiting, running) == place
