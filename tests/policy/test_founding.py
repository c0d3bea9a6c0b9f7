"""Who may come in."""

from __future__ import annotations

import pytest

from audiospective.policy.founding import (
    Admission,
    Opening,
    Places,
    Visitor,
    WaitlistReason,
    admit,
    may_take_seat,
)

FOUNDER, FREE = Admission(founding=True), Admission(founding=False)
STRANGER = Visitor()
INVITED = Visitor(invited=True, holds_place=True)
INVITED_WITHOUT_PLACE = Visitor(invited=True)
RESERVED = Visitor(holds_place=True)
OWN_APP = Visitor(own_app=True)
RETURNING_FOUNDER = Visitor(returns=True, numbered=True)
RETURNING = Visitor(returns=True)


@pytest.mark.parametrize(
    ("places", "opening"),
    [
        (Places(cap=1000, taken=0), Opening.OPEN),
        (Places(cap=1000, taken=974), Opening.OPEN),
        (Places(cap=1000, taken=975), Opening.FEW),
        (Places(cap=1000, taken=900, held=75), Opening.FEW),
        (Places(cap=1000, taken=999), Opening.FEW),
        (Places(cap=1000, taken=1000), Opening.FULL),
        (Places(cap=1000, taken=990, held=10), Opening.FULL),
        (Places(cap=1000, taken=990, held=99), Opening.FULL),
        (Places(cap=0, taken=0), Opening.FULL),
        (Places(cap=3, taken=7), Opening.FULL),  # the operator lowered the cap
        (Places(cap=1000, taken=4, seats=5, seats_taken=4), Opening.OPEN),
        (Places(cap=1000, taken=5, seats=5, seats_taken=5), Opening.NO_SEAT),
        (Places(cap=1000, taken=4, seats=5, seats_taken=4, seats_held=1), Opening.NO_SEAT),
        (Places(cap=1000, taken=5, seats=0), Opening.NO_SEAT),
        (Places(cap=5, taken=5, seats=5, seats_taken=5), Opening.FULL),  # the cap is the last word
    ],
)
def test_a_stranger_is_told_whether_places_are_left(places: Places, opening: Opening) -> None:
    assert places.opening is opening


@pytest.mark.parametrize(
    ("places", "visitor", "verdict"),
    [
        (Places(cap=10, taken=0), STRANGER, FOUNDER),
        (Places(cap=10, taken=9), STRANGER, FOUNDER),
        (Places(cap=10, taken=10), STRANGER, WaitlistReason.FULL),
        (Places(cap=10, taken=8, held=2), STRANGER, WaitlistReason.FULL),
        (Places(cap=10, taken=5, seats=5, seats_taken=5), STRANGER, WaitlistReason.NO_SEAT),
        (
            Places(cap=10, taken=5, seats=5, seats_taken=4, seats_held=1),
            STRANGER,
            WaitlistReason.NO_SEAT,
        ),
        (Places(cap=10, taken=8, held=2), INVITED, FOUNDER),
        (Places(cap=10, taken=5, held=1, seats=5, seats_taken=5), INVITED, FOUNDER),
        (Places(cap=10, taken=10), INVITED, FREE),  # nobody gets number eleven
        (Places(cap=10, taken=8, held=2), INVITED_WITHOUT_PLACE, FREE),
        (Places(cap=10, taken=8, held=1), INVITED_WITHOUT_PLACE, FOUNDER),
        (Places(cap=10, taken=8, held=2), RESERVED, FOUNDER),
        (Places(cap=10, taken=8, held=2, seats=5, seats_taken=5), RESERVED, WaitlistReason.NO_SEAT),
        (Places(cap=10, taken=10), RESERVED, WaitlistReason.FULL),
        (Places(cap=10, taken=2, seats=5, seats_taken=5), OWN_APP, FOUNDER),
        (Places(cap=10, taken=10), OWN_APP, FREE),
        (Places(cap=10, taken=5), RETURNING_FOUNDER, FREE),  # the number they have stays
        (Places(cap=10, taken=10), RETURNING_FOUNDER, FREE),
        (Places(cap=10, taken=5), Visitor(own_app=True, numbered=True), FREE),
        (Places(cap=10, taken=5), Visitor(invited=True, holds_place=True, numbered=True), FREE),
        (
            Places(cap=10, taken=10, seats=5, seats_taken=5),
            RETURNING_FOUNDER,
            WaitlistReason.NO_SEAT,
        ),
        (Places(cap=10, taken=5), RETURNING, FOUNDER),
        (Places(cap=10, taken=10), RETURNING, FREE),
    ],
)
def test_who_may_join(
    places: Places, visitor: Visitor, verdict: Admission | WaitlistReason
) -> None:
    assert admit(places, visitor) == verdict


@pytest.mark.parametrize(
    ("seats", "taken", "may"), [(None, 900, True), (5, 4, True), (5, 5, False), (5, 7, False)]
)
def test_a_member_may_take_a_seat_that_is_free(seats: int | None, taken: int, may: bool) -> None:
    assert may_take_seat(Places(cap=1, taken=1, seats=seats, seats_taken=taken)) is may
