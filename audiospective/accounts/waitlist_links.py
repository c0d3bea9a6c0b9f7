"""The links in the waitlist's e-mails, and whose they are."""

from __future__ import annotations

from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import mail_tokens
from audiospective.services import Services

PURPOSE = "waitlist"


def find(token: str) -> WaitlistEntry | None:
    """The entry that an e-mail's link names."""
    found: WaitlistEntry | None = WaitlistEntry.get_or_none(
        WaitlistEntry.token_hash == mail_tokens.digest(token)
    )
    return found


def token_of(services: Services, entry: WaitlistEntry) -> str:
    """What this entry's e-mails link to; made anew if the key of its row is gone."""
    settings = services.settings
    token = mail_tokens.rederived(settings, PURPOSE, entry.salt, entry.token_hash)
    if token is None:
        token = mail_tokens.derived(settings, PURPOSE, entry.salt)
        WaitlistEntry.update(token_hash=mail_tokens.digest(token)).where(
            WaitlistEntry.id == entry.id
        ).execute()
    return token
