"""The waitlist: somebody asks for a place, or leaves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from peewee import Value

from audiospective import clock
from audiospective.accounts.waitlist_links import PURPOSE, token_of
from audiospective.models import transaction
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kinds import waitlist_confirm
from audiospective.services import Services

EMAILS = 3  # to an address that somebody keeps entering; its owner may not be the one who does
UNCONFIRMED = timedelta(days=7)  # an address that nobody confirmed is then forgotten


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
        forget(now)
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
            token_of(services, entry),
            now + UNCONFIRMED,
            known=entry.confirmed_at is not None,
        )
    outbox.hurry(services)


def remove(entry: WaitlistEntry) -> None:
    """Forget the address; a place held for it goes back."""
    WaitlistEntry.delete().where(
        WaitlistEntry.id == entry.id, WaitlistEntry.user.is_null()
    ).execute()


def forget(now: datetime) -> int:
    """Delete addresses that nobody has confirmed in time; how many there were."""
    unconfirmed = WaitlistEntry.confirmed_at.is_null()
    late = WaitlistEntry.created_at < now - UNCONFIRMED
    return int(WaitlistEntry.delete().where(unconfirmed & late).execute())
