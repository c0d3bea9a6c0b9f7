"""A member wants to see whether e-mails reach them: one that says nothing else."""

from __future__ import annotations

import secrets

from audiospective import clock
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import members, outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services


def put(services: Services, user: User) -> bool:
    """Owe it to the member's proven address; False without one."""
    if not user.email or user.email_verified_at is None:
        return False
    draft = Draft(
        recipient=user.email,
        dedupe_key=secrets.token_hex(8),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "asked": clock.to_ms(clock.now()),
            "alerts_url": f"{services.settings.base_url}/settings/emails",
        },
    )
    return outbox.put(services, KIND, draft)


def latest(user_id: int) -> Notice | None:
    """The last one that was asked for; its status says what became of it."""
    mine = Notice.select().where((Notice.user == user_id) & (Notice.kind == KIND.name))
    found: Notice | None = mine.order_by(Notice.id.desc()).first()
    return found


KIND = Kind(
    name="test_email",
    audience=Audience.MEMBER,
    security=True,  # asked for by hand, so there is nothing to switch off
    awaited=True,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
