"""This month's export is ready, for whoever asked to have one made every month."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.models import User
from audiospective.models.exports import Export
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.notices.kinds import export_ready
from audiospective.services import Services


def put(services: Services, user: User, export: Export, next_at: datetime) -> bool:
    """Owe it for an export that is ready; True if so. `next_at`: when the next one is due, which
    is no month away if this one was made out of turn.

    The e-mail leads to the page of exports, never to the file: that needs a sign-in.
    """
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    base = services.settings.base_url
    draft = Draft(
        recipient=recipient,
        dedupe_key=str(export.id),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "export": export.id,
            "file": export.file_name,
            "plays": export.plays,
            "exports_url": f"{base}/exports",
            "schedule_url": f"{base}/exports/schedule",
            "until": clock.to_ms(export.expires_at),
            "next": clock.to_ms(next_at),
            "expires_at": clock.to_ms(export.expires_at),
        },
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="scheduled_export",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="the monthly e-mail with your export",
    warning=False,
    choice=None,
    due=None,
    still_true=export_ready.still_true,
)
