"""Somebody on the waitlist has their turn: a place is held for a week."""

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


def put(services: Services, email: str, token: str, until: datetime, *, founding: bool) -> bool:
    """Owe it to `email`; `founding` if a founding place is held with the seat."""
    draft = Draft(
        recipient=email,
        dedupe_key=str(clock.to_ms(clock.now())),
        data={
            "token": token,
            "founding": founding,
            "until": clock.to_ms(until),
            "expires_at": clock.to_ms(until),
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(_notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether they wait for it: they have neither left the list nor come in meanwhile."""
    invited = (
        (WaitlistEntry.token_hash == mail_tokens.digest(str(data["token"])))
        & WaitlistEntry.user.is_null()
        & WaitlistEntry.invited_at.is_null(False)
    )
    return bool(WaitlistEntry.select().where(invited).exists())


KIND = Kind(
    name="waitlist_invite",
    audience=Audience.WAITLIST,
    security=False,
    awaited=False,
    opt_out=None,  # leaving the list is the way out
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
