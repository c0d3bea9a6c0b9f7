"""Notices are put into the outbox here, in the transaction of whatever made them necessary."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from audiospective import clock
from audiospective.models.notices import OBSOLETE, OF_MEMBER, QUEUED, Notice
from audiospective.notices import signed_links
from audiospective.notices.kind import OPERATORS_ONLY, Audience, Draft, Kind
from audiospective.services import Services
from audiospective.settings import Settings

UNIQUE = (Notice.recipient, Notice.kind, Notice.dedupe_key, Notice.step)
PLACE = "notices.data:"  # followed by the notice's key, so none opens with another's data


def put(services: Services, kind: Kind, draft: Draft) -> bool:
    """Owe an e-mail; False if this very one is already there.

    Call it inside the transaction that makes it necessary: both happen or neither does. Of members
    who share an address each is told about theirs; of operators, one alert tells them all.
    """
    now = clock.now()
    key = secrets.token_hex(16)
    data = {"unsubscribe_url": unsubscribe_url(services.settings, kind, draft)} | dict(draft.data)
    values = {
        Notice.key: key,
        Notice.user: draft.user_id,
        Notice.recipient: draft.recipient,
        Notice.kind: kind.name,
        Notice.dedupe_key: draft.dedupe_key,
        Notice.step: draft.step,
        Notice.data_encrypted: services.vault.encrypt(
            PLACE + key, draft.user_id or 0, json.dumps(data)
        ),
        Notice.next_attempt_at: now,
        Notice.created_at: now,
    }
    added = _added(values)
    about_member = draft.user_id is not None and kind.name not in OPERATORS_ONLY
    if not added and about_member and _is_of_another(values):
        own = f"{draft.dedupe_key}{OF_MEMBER}{draft.user_id}"
        added = _added(values | {Notice.dedupe_key: own})
    return added


def _added(values: dict[Any, Any]) -> bool:
    # What was dropped unsent, because it was not true then, may become true again.
    revived = {**values, Notice.status: QUEUED, Notice.attempts: 0, Notice.error: None}
    query = (
        Notice.insert(values)
        .on_conflict(
            conflict_target=list(UNIQUE), update=revived, where=(Notice.status == OBSOLETE)
        )
        .returning(Notice.id)
    )
    return bool(list(query.execute()))


def _is_of_another(values: Mapping[Any, Any]) -> bool:
    """Whether what is there already is about another member, who has or had the same address."""
    there = [field == values[field] for field in UNIQUE]
    other = Notice.user.is_null(False) & (Notice.user != values[Notice.user])
    return bool(Notice.select().where(*there, other).exists())


def unsubscribe_url(settings: Settings, kind: Kind, draft: Draft) -> str | None:
    """Where e-mails of this kind are switched off; None for those that cannot be."""
    if kind.security:
        return None
    if kind.audience is Audience.WAITLIST:
        return f"{settings.base_url}/waitlist/leave/{draft.data['token']}"
    token = signed_links.sign(settings, signed_links.UNSUBSCRIBE, draft.user_id, kind.name)
    return f"{settings.base_url}/u/{token}"


def hurry(services: Services) -> bool:
    """Have the outbox emptied soon, for an e-mail that somebody is waiting for.

    Call it after the commit. Without Redis nothing is lost (False): the timetable sends the
    e-mail with its next round.
    """
    return services.queues.wake("send_emails")
