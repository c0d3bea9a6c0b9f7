"""A member's address is proven: what their archive does from now on; once."""

from __future__ import annotations

from audiospective.models import User
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, user: User) -> bool:
    """Owe it to a member whose address is proven, in the transaction that made it so."""
    draft = Draft(
        recipient=str(user.email),
        dedupe_key=str(user.id),
        user_id=user.id,
        data={"number": user.founding_number},
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="welcome",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="the welcome e-mail",
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
