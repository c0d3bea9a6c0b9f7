"""A monthly export did not arrive where its member wants it: why, and what to do."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.models import User
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(
    services: Services,
    user: User,
    export_id: int,
    sentence: str,
    next_at: datetime,
    *,
    ends: bool,
    keys: bool,
) -> bool:
    """Owe it, once for each export; `next_at`: when the next one is due; `ends`: there is none,
    the schedule is over, and `keys` of a bucket, if there were any, are deleted with it."""
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    base = services.settings.base_url
    draft = Draft(
        recipient=recipient,
        dedupe_key=str(export_id),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "said": sentence,
            "ends": ends,
            "keys": keys,
            "next": clock.to_ms(next_at),
            "exports_url": f"{base}/exports",
            "schedule_url": f"{base}/exports/schedule",
        },
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="scheduled_export_failed",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that a monthly export did not arrive",
    warning=True,
    choice=None,
    due=None,
    still_true=always,
)
