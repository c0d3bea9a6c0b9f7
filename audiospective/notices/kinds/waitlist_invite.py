"""Somebody on the waitlist has their turn: a place is held for a week."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
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


KIND = Kind(
    name="waitlist_invite",
    audience=Audience.WAITLIST,
    security=False,
    awaited=False,
    opt_out=None,  # leaving the list is the way out
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
