"""A member entered an address: a link that proves it is theirs; one a day at most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(services: Services, user_id: int, email: str, token: str, until: datetime) -> bool:
    """Owe it to `email`; `token` is good until `until`."""
    draft = Draft(
        recipient=email,
        dedupe_key=f"{user_id}-{clock.now():%Y-%m-%d}",
        user_id=user_id,
        data={"token": token, "expires_at": clock.to_ms(until)},
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether it is still the member's address, and still to be proven."""
    user = User.get_or_none(User.id == notice.owner)
    return user is not None and user.email == notice.recipient and user.email_verified_at is None


KIND = Kind(
    name="verify_address",
    audience=Audience.ADDRESS,
    security=True,
    awaited=True,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
