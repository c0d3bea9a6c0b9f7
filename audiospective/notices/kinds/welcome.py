"""A member's address is proven: what their archive does from now on; once."""

from __future__ import annotations

from audiospective.models import User
from audiospective.models.notices import TOLD, Notice
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, user: User, *, new: bool) -> bool:
    """Owe it to a member whose address is proven, in the transaction that made it so.

    Nobody is welcomed twice. `new`: they were not until now; else it is owed only if the one
    before has not gone out, such as to an address that was replaced or refused.
    """
    rows = Notice.select(Notice.status).where((Notice.user == user.id) & (Notice.kind == KIND.name))
    known = {status for (status,) in rows.tuples()}
    if known.intersection(TOLD) or not (known or new):  # without a row it is long ago
        return False
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
