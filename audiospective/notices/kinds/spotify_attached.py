"""A Spotify account was attached to an archive: its address is told, and can undo that."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, user_id: int, email: str, token: str, until: datetime) -> bool:
    """Owe it to `email`; `token` undoes the change until `until`."""
    draft = Draft(
        recipient=email,
        dedupe_key=mail_tokens.digest(token)[:32],
        user_id=user_id,
        data={"token": token, "until": clock.to_ms(until)},
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="spotify_attached",
    audience=Audience.ADDRESS,
    security=True,
    awaited=False,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
