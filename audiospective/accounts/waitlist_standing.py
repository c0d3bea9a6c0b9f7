"""Where somebody stands on the waitlist, and the confirmation that puts them there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective import clock
from audiospective.accounts import seats
from audiospective.models import transaction
from audiospective.models.base import LONG_AGO
from audiospective.models.founding import FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.policy import founding
from audiospective.policy.founding import WaitlistReason
from audiospective.services import Services

NEEDS_SEAT = (WaitlistReason.NO_SEAT.value, WaitlistReason.NOT_LISTED.value)


@dataclass(frozen=True)
class Standing:
    """Where an entry stands. `position` is None once they were invited or have joined.

    `place_until`: until when a founding place is held for them, None if none is. `open_until`:
    the end of their invitation, None without one that is still good.
    """

    entry: WaitlistEntry
    position: int | None = None
    place_until: datetime | None = None
    open_until: datetime | None = None
    lapsed: bool = False


def standing(entry: WaitlistEntry) -> Standing:
    """Where an entry stands now."""
    now = clock.now()
    if entry.user_id is not None or entry.confirmed_at is None:
        return Standing(entry)
    held = entry.place_until if entry.place_until > now else None
    if entry.invited_at is None:
        return Standing(entry, position=entry.position(), place_until=held)
    end = entry.invited_at + founding.PLACE_HELD
    if end > now:
        return Standing(entry, place_until=held, open_until=end)
    return Standing(entry, lapsed=True)


def confirm(services: Services, entry: WaitlistEntry) -> Standing:
    """The owner of the address wants to be on the list; holds a place where only a seat lacks.

    Somebody whose invitation has lapsed queues again, at the end. Doing it twice changes nothing.
    """
    now = clock.now()
    with transaction():
        FoundingRegister.locked()  # places are counted and held in turns
        entry = WaitlistEntry.get_by_id(entry.id)
        again = standing(entry).lapsed
        if entry.confirmed_at is None or again:
            places = seats.places(services)
            needs_seat = entry.reason in NEEDS_SEAT or places.seats_left == 0
            entry.confirmed_at = now
            entry.invited_at = None
            entry.place_until = (
                now + founding.RESERVED if needs_seat and places.left > 0 else LONG_AGO
            )
            entry.save()
    return standing(entry)
