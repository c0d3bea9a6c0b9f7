"""Somebody asked to sign in by e-mail: a link that works once."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, email: str, token: str, until: datetime, *, known: bool) -> bool:
    """Owe it to `email`; `known` if the address has an archive already."""
    draft = Draft(
        recipient=email,
        dedupe_key=mail_tokens.digest(token)[:32],
        data={"token": token, "known": known, "expires_at": clock.to_ms(until)},
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="sign_in_link",
    audience=Audience.ADDRESS,
    security=True,
    awaited=True,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
