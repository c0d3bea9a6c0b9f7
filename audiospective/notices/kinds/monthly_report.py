"""A month in music, for whoever asked for a report of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.models import User
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Choice, Draft, Kind
from audiospective.policy import calendar, periods
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
        | {
            **figures,
            "report_url": f"{services.settings.base_url}/reports/{month}",
            "expires_at": clock.to_ms(_next_ends(user, month)),
        },
    )
    return outbox.put(services, KIND, draft)


def _next_ends(user: User, month: str) -> datetime:
    """When the month after ends for this member: then comes the report of that one."""
    last = periods.month(date.fromisoformat(f"{month}-01")).last
    after = periods.month(last + timedelta(days=1))
    return calendar.days(calendar.usable(user.timezone), after.first, after.last)[1]


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
