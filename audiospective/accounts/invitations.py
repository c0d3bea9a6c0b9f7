"""Invitations of the next in line on the waitlist, and the places held for them."""

from __future__ import annotations

from audiospective import clock
from audiospective.accounts import seats
from audiospective.accounts.waitlist_links import token_of
from audiospective.models import transaction
from audiospective.models.base import LONG_AGO
from audiospective.models.dialects import locked
from audiospective.models.founding import FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import outbox
from audiospective.notices.kinds import waitlist_invite
from audiospective.policy import founding
from audiospective.services import Services


def waiting() -> int:
    """How many have confirmed and were not invited yet."""
    return int(WaitlistEntry.select().where(WaitlistEntry.is_waiting()).count())


def invite(services: Services, count: int) -> list[str]:
    """Invite the next `count` in line and return their addresses.

    Each gets an e-mail; a seat and, while there is one, a founding place are held for 7 days.
    """
    now = clock.now()
    invited: list[str] = []
    with transaction():
        FoundingRegister.locked()
        query = (
            WaitlistEntry.select()
            .where(WaitlistEntry.is_waiting())
            .order_by(WaitlistEntry.confirmed_at, WaitlistEntry.id)
            .limit(count)
        )
        for entry in list(locked(query)):
            holds = entry.place_until > now or seats.places(services).left > 0
            until = now + founding.PLACE_HELD
            entry.invited_at = now
            entry.place_until = until if holds else LONG_AGO
            entry.save()
            token = token_of(services, entry)
            waitlist_invite.put(services, entry.email, token, until, founding=holds)
            invited.append(entry.email)
    outbox.hurry(services)
    return invited
