"""Who may come in: founding places, Spotify's seats, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

FEW = 25  # places left from which the page says that they are few
PLACE_HELD = timedelta(days=7)  # from the invitation
RESERVED = timedelta(days=90)  # from the day on which somebody without a seat confirmed


class Opening(StrEnum):
    """What a stranger finds."""

    OPEN = "open"
    FEW = "few"  # open, the last founding places
    FULL = "full"  # every founding place is taken or held
    NO_SEAT = "no_seat"  # places are left, but Spotify lets this app serve nobody more


class WaitlistReason(StrEnum):
    """Why somebody is sent to the waitlist."""

    FULL = "full"
    NO_SEAT = "no_seat"
    NOT_LISTED = "not_listed"  # Spotify's own list of the app's users lacks the account


@dataclass(frozen=True)
class Places:
    """Founding places and Spotify seats. `held` ones are promised to people still to come."""

    cap: int
    taken: int  # numbers given, deleted accounts included: none is given twice
    held: int = 0
    seats: int | None = None  # None: Spotify sets no limit
    seats_taken: int = 0
    seats_held: int = 0

    @property
    def left(self) -> int:
        """Founding places that a stranger could still get."""
        return max(0, self.cap - self.taken - self.held)

    @property
    def seats_left(self) -> int | None:
        """Seats that a stranger could still get; None without a limit."""
        if self.seats is None:
            return None
        return max(0, self.seats - self.seats_taken - self.seats_held)

    @property
    def opening(self) -> Opening:
        if self.left == 0:
            return Opening.FULL
        if self.seats_left == 0:
            return Opening.NO_SEAT
        return Opening.FEW if self.left <= FEW else Opening.OPEN


@dataclass(frozen=True)
class Visitor:
    """What decides about somebody who is new here.

    `invited`: an operator let them in. `holds_place`: one of the held places is
    theirs. `own_app`: they come through a Spotify app of their own, whose seats are their matter.
    `returns`: their archive had a Spotify account before, which was taken away; `numbered`: it has
    a founding number, which stays the only one.
    """

    invited: bool = False
    holds_place: bool = False
    own_app: bool = False
    returns: bool = False
    numbered: bool = False


@dataclass(frozen=True)
class Admission:
    """Come in; `founding` with the next founding number, else as a free member."""

    founding: bool


def admit(places: Places, visitor: Visitor) -> Admission | WaitlistReason:
    """Whether a newcomer may join now; the cap on founding places holds for everybody.

    `places` are those of the app the visitor comes through.
    """
    not_given = places.cap - places.taken
    founding = not_given > 0 and (places.left > 0 or visitor.holds_place) and not visitor.numbered
    if visitor.invited or visitor.own_app:
        return Admission(founding)
    if not founding and not (visitor.returns or visitor.numbered):
        return WaitlistReason.FULL
    if places.seats_left == 0:
        return WaitlistReason.NO_SEAT
    return Admission(founding)


def may_take_seat(places: Places) -> bool:
    """Whether a member without a seat (disconnected, or import-only) may connect again."""
    return places.seats_left is None or places.seats_left > 0
