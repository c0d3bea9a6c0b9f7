"""A month in music, for whoever asked for a report of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiospective.models import User
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Choice, Draft, Kind
from audiospective.services import Services


def put(services: Services, user: User, month: str, figures: Mapping[str, Any]) -> bool:
    """Owe it for a month, such as 2026-10; True if so. `figures` is what the templates say."""
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    draft = Draft(
        recipient=recipient,
        dedupe_key=month,
        user_id=user.id,
        data=members.facts(services, user)
        | {**figures, "report_url": f"{services.settings.base_url}/reports/{month}"},
    )
    return outbox.put(services, KIND, draft)


KIND = Kind(
    name="monthly_report",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="the monthly report of what you played",
    warning=False,
    choice=Choice.MONTH,
    due=None,
    still_true=kind.always,
)
