"""An archive has another address now: the former one is told, and can take the archive back."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.models import User
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, user: User, token: str, until: datetime) -> bool:
    """Owe it to the address that `user` has now; `token` undoes the change until `until`."""
    draft = Draft(
        recipient=str(user.email),
        dedupe_key=mail_tokens.digest(token)[:32],
        user_id=user.id,
        data={"token": token, "until": clock.to_ms(until), "timezone": user.timezone},
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="address_changed",
    audience=Audience.ADDRESS,
    security=True,
    awaited=False,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
