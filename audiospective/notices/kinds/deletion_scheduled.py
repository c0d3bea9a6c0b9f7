"""An archive is to be deleted: its member is told when, and can keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiospective import clock
from audiospective.models.deletions import Deletion
from audiospective.models.notices import Notice
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(services: Services, row: Deletion, email: str, token: str) -> bool:
    """Owe it to `email`; `token` ends the deletion until it is due."""
    draft = Draft(
        recipient=email,
        dedupe_key=str(clock.to_ms(row.asked_at)),
        user_id=row.user_id,
        data={
            "token": token,
            "due": clock.to_ms(row.due_at),
            "asked": clock.to_ms(row.asked_at),
            "timezone": row.user.timezone,
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether this very deletion is still ahead."""
    row = Deletion.get_or_none(Deletion.user == notice.owner)
    return (
        row is not None and row.begun_at is None and clock.to_ms(row.asked_at) == data.get("asked")
    )


KIND = Kind(
    name="deletion_scheduled",
    audience=Audience.MEMBER,
    security=True,
    awaited=False,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
