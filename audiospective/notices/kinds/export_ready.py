"""An export is ready, for whoever waited so long that they have gone to do something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiospective import clock
from audiospective.models import User
from audiospective.models.exports import READY, Export
from audiospective.models.notices import Notice
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(services: Services, export_id: int) -> bool:
    """Owe it for an export that is ready, in the transaction that made it so; True if so.

    The e-mail leads to the page of exports, never to the file: that needs a sign-in.
    """
    export = Export.get_by_id(export_id)
    user = User.get_by_id(export.user_id)
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    draft = Draft(
        recipient=recipient,
        dedupe_key=str(export.id),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "export": export.id,
            "file": export.file_name,
            "plays": export.plays,
            "exports_url": f"{services.settings.base_url}/exports",
            "until": clock.to_ms(export.expires_at),
            "expires_at": clock.to_ms(export.expires_at),
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether the file is still there."""
    return bool(
        Export.select()
        .where(
            (Export.id == data.get("export"))
            & (Export.user == notice.owner)
            & (Export.status == READY)
        )
        .exists()
    )


KIND = Kind(
    name="export_ready",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that an export is ready",
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
