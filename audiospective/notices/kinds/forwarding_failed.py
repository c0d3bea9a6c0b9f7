"""New plays do not reach the server that their member has them sent on to: why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.models import User
from audiospective.models.forwards import Forward
from audiospective.models.notices import Notice
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(services: Services, user: User, since: datetime, sentence: str, *, ended: str = "") -> bool:
    """Owe it, once for failures that began at `since`; `ended` names the token that was refused.

    An end is told for each, also of failures that were told: only the member can mend it.
    """
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    draft = Draft(
        recipient=recipient,
        dedupe_key=f"ended-{ended}" if ended else str(clock.to_ms(since)),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "said": sentence,
            "ends": bool(ended),
            "settings_url": f"{services.settings.base_url}/settings/forwarding",
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether it still fails, and in the way that is told: tried again, or ended."""
    failing = (Forward.user == notice.owner) & Forward.error.is_null(False)
    alike = Forward.refused == bool(data.get("ends"))
    return bool(Forward.select().where(failing & alike).exists())


KIND = Kind(
    name="forwarding_failed",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that plays could not be sent on",
    warning=True,
    choice=None,
    due=None,
    still_true=still_true,
)
