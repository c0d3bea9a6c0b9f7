"""The link in e-mails by which a member keeps the account after all."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.models import User
from audiospective.models.deletions import Deletion
from audiospective.notices import signed_links
from audiospective.services import Services

LINK_VALUES = 2  # whose account, and when that was asked for


def token_of(services: Services, row: Deletion) -> str:
    """What the e-mail about this deletion links to, until it is due."""
    return signed_links.sign(
        services.settings,
        signed_links.KEEP,
        row.user_id,
        clock.to_ms(row.asked_at),
        expires_at=row.due_at,
    )


def find(services: Services, token: str) -> tuple[User, datetime] | None:
    """Whose deletion a link can still end, and when it is due; looking changes nothing."""
    found = signed_links.read(services.settings, signed_links.KEEP, token)
    if found is None or not found[1] or len(found[0]) != LINK_VALUES:
        return None
    user_id, asked = found[0]
    row = Deletion.get_or_none((Deletion.user == user_id) & Deletion.begun_at.is_null())
    if row is None or clock.to_ms(row.asked_at) != asked:
        return None
    return row.user, row.due_at
