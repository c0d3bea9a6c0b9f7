"""Somebody entered an address for the waitlist: its owner confirms it, or leaves."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
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


KIND = Kind(
    name="waitlist_confirm",
    audience=Audience.WAITLIST,
    security=False,
    awaited=True,
    opt_out=None,  # leaving the list is the way out
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
