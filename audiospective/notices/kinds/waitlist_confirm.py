"""Somebody entered an address for the waitlist: its owner confirms it, or leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.models.notices import Notice
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(
    services: Services, email: str, dedupe_key: str, token: str, until: datetime, *, known: bool
) -> bool:
    """Owe it to `email`; `known` if the address is confirmed already."""
    draft = Draft(
        recipient=email,
        dedupe_key=dedupe_key,
        data={"token": token, "known": known, "expires_at": clock.to_ms(until)},
    )
    return outbox.put(services, KIND, draft)


def still_true(_notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether the address is still on the list, under the link that the e-mail carries."""
    token_hash = mail_tokens.digest(str(data["token"]))
    return bool(WaitlistEntry.select().where(WaitlistEntry.token_hash == token_hash).exists())


KIND = Kind(
    name="waitlist_confirm",
    audience=Audience.WAITLIST,
    security=False,
    awaited=True,
    opt_out=None,  # leaving the list is the way out
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
