"""Founding places, seats at Spotify and the waitlist, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from peewee import SQL, Case, fn

from audiospective.models.founding import FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.services import Services


@dataclass(frozen=True)
class Places:
    """`seats`: None where Spotify sets no limit. Of the waitlist: all, proven, invited, joined."""

    taken: int
    places: int
    seats: int | None
    waiting: int
    confirmed: int
    invited: int
    joined: int


def look(services: Services) -> Places:
    """Two statements."""
    settings, entry = services.settings, WaitlistEntry

    def count(condition: object) -> object:
        return fn.COALESCE(fn.SUM(Case(None, [(condition, 1)], 0)), 0)

    joined = entry.user.is_null(False)
    every, proven, asked, came = (
        entry.select(
            fn.COUNT(SQL("*")),
            count(entry.confirmed_at.is_null(False) & ~joined),
            count(entry.invited_at.is_null(False) & ~joined),
            count(joined),
        )
        .tuples()
        .get()
    )
    return Places(
        taken=FoundingRegister.taken(),
        places=settings.founding_member_cap,
        seats=settings.spotify_seats,
        waiting=int(every) - int(came),
        confirmed=int(proven),
        invited=int(asked),
        joined=int(came),
    )
