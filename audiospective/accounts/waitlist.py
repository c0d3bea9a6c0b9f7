"""The waitlist: ask, confirm, leave, invite; and the places held meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import Value

from audiospective import clock
from audiospective.accounts import seats
from audiospective.models import transaction
from audiospective.models.base import LONG_AGO
from audiospective.models.dialects import locked
from audiospective.models.founding import FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kinds import waitlist_confirm, waitlist_invite
from audiospective.policy import founding
from audiospective.policy.founding import WaitlistReason
from audiospective.services import Services

PURPOSE = "waitlist"
EMAILS = 3  # to an address that somebody keeps entering; its owner may not be the one who does
UNCONFIRMED = timedelta(days=7)  # an address that nobody confirmed is then forgotten
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


def request(
    services: Services, email: str, reason: str = "", *, spend: Callable[[], object] = lambda: None
) -> None:
    """Somebody wants `email` (normalized) on the list; an e-mail asks its owner to confirm.

    Known addresses take the same statements as new ones, so neither the answer nor the time it
    takes tells whether an address is known. E-mails to one address are few, however often
    somebody enters it. `spend` is called if one is owed, and may raise to refuse it.
    """
    now = clock.now()
    asked = WaitlistEntry.select(WaitlistEntry.asks).where(WaitlistEntry.email == email).scalar()
    if (asked or 0) < EMAILS:
        spend()
    salt = secrets.token_urlsafe(16)
    with transaction():
        WaitlistEntry.delete().where(
            WaitlistEntry.confirmed_at.is_null(), WaitlistEntry.created_at < now - UNCONFIRMED
        ).execute()
        WaitlistEntry.insert(
            email=email,
            salt=salt,
            token_hash=mail_tokens.digest(mail_tokens.derived(services.settings, PURPOSE, salt)),
            reason=reason,
            created_at=now,
        ).on_conflict(
            conflict_target=(WaitlistEntry.email,), update={WaitlistEntry.email: email}
        ).execute()
        WaitlistEntry.update(asks=WaitlistEntry.asks + 1).where(
            WaitlistEntry.email == email, WaitlistEntry.asks < Value(1000)
        ).execute()
        entry = WaitlistEntry.get(WaitlistEntry.email == email)
        waitlist_confirm.put(
            services,
            email,
            f"{clock.to_ms(entry.created_at)}-{min(entry.asks, EMAILS)}",
            _token(services, entry),
            now + UNCONFIRMED,
            known=entry.confirmed_at is not None,
        )
    outbox.hurry(services)


def find(token: str) -> WaitlistEntry | None:
    """The entry that an e-mail's link names."""
    found: WaitlistEntry | None = WaitlistEntry.get_or_none(
        WaitlistEntry.token_hash == mail_tokens.digest(token)
    )
    return found


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


def waiting() -> int:
    """How many have confirmed and were not invited yet."""
    return int(WaitlistEntry.select().where(WaitlistEntry.is_waiting()).count())


def remove(entry: WaitlistEntry) -> None:
    """Forget the address; a place held for it goes back."""
    WaitlistEntry.delete().where(
        WaitlistEntry.id == entry.id, WaitlistEntry.user.is_null()
    ).execute()


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
            token = _token(services, entry)
            waitlist_invite.put(services, entry.email, token, until, founding=holds)
            invited.append(entry.email)
    outbox.hurry(services)
    return invited


def _token(services: Services, entry: WaitlistEntry) -> str:
    """What this entry's e-mails link to; made anew if the key of its row is gone."""
    settings = services.settings
    token = mail_tokens.rederived(settings, PURPOSE, entry.salt, entry.token_hash)
    if token is None:
        token = mail_tokens.derived(settings, PURPOSE, entry.salt)
        WaitlistEntry.update(token_hash=mail_tokens.digest(token)).where(
            WaitlistEntry.id == entry.id
        ).execute()
    return token
