"""Sessions: how long one lasts, and how long a sign-in is good for what a thief must not do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE = timedelta(days=30)  # a browser that does not come back for so long is signed out
LONGEST = timedelta(days=90)  # and any browser after this, however often it comes
FRESH = timedelta(minutes=15)  # how long a sign-in is good for deleting, exporting, addresses
NOTED = timedelta(hours=1)  # how often a visit is written down

SPOTIFY, EMAIL = "spotify", "email"  # ways of proving who one is


@dataclass(frozen=True)
class Dates:
    """Of one session: when it began, was last proven by a sign-in, and was last used."""

    begun: datetime
    proven: datetime
    seen: datetime


def alive(dates: Dates, now: datetime) -> bool:
    """Whether the session still signs in."""
    return now - dates.seen <= IDLE and now - dates.begun <= LONGEST


def fresh(dates: Dates, now: datetime) -> bool:
    """Whether its person proved who they are minutes ago; one from the future proves nothing."""
    return timedelta(0) <= now - dates.proven <= FRESH


def to_note(dates: Dates, now: datetime) -> bool:
    """Whether this visit is to be written down."""
    return now - dates.seen >= NOTED


def ways(*, has_spotify: bool, has_address: bool) -> tuple[str, ...]:
    """By which ways a member can prove who they are; one who has neither cannot exist."""
    return (SPOTIFY,) * has_spotify + (EMAIL,) * has_address


def may_attach(*, has_spotify: bool, way: str, is_fresh: bool) -> bool:
    """Whether a Spotify account may be attached to an archive that has none.

    Only right after a sign-in by the archive's own way in, its address: whoever holds an old
    cookie, or a link that was forwarded, would attach an account of their own and keep the archive.
    """
    return not has_spotify and way == EMAIL and is_fresh
