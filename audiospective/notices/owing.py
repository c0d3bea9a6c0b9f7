"""Letters are owed here, in the transaction of whatever made them necessary."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.models.notices import OBSOLETE, QUEUED, Notice
from audiospective.policy.letters import KINDS
from audiospective.services import Services

PLACE = "notices.data:"  # followed by the letter's key, so no letter opens with another's data


def owe(
    services: Services,
    kind: str,
    *,
    recipient: str,
    episode: str,
    rung: int = 0,
    user_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Put a letter into the outbox; False if this very letter is already there.

    Call it inside the transaction that makes the letter necessary: both happen or neither does.
    `episode` says what the letter is about (one breakdown, one request); together with recipient,
    kind and rung it is what a letter is never sent twice for. `data` (JSON) is what the templates
    `mail/<kind>.*` get, and is sealed; with "expires_at" (milliseconds) the letter is dropped
    instead of sent after that instant. Raises KeyError for a kind that policy.letters lacks.
    """
    now = clock.now()
    key = secrets.token_hex(16)
    values = {
        Notice.key: key,
        Notice.user: user_id,
        Notice.recipient: recipient,
        Notice.kind: kind,
        Notice.episode: episode,
        Notice.rung: rung,
        Notice.data_sealed: services.vault.seal(PLACE + key, user_id or 0, json.dumps(data or {})),
        Notice.next_attempt_at: now + (KINDS[kind].hold if rung == 0 else timedelta(0)),
        Notice.created_at: now,
    }
    # A letter that was dropped unsent, because it was not true then, may become true again.
    revived = {**values, Notice.status: QUEUED, Notice.attempts: 0, Notice.error: None}
    added = (
        Notice.insert(values)
        .on_conflict(
            conflict_target=[Notice.recipient, Notice.kind, Notice.episode, Notice.rung],
            update=revived,
            where=(Notice.status == OBSOLETE),
        )
        .returning(Notice.id)
        .execute()
    )
    return bool(list(added))


def opened(services: Services, notice: Notice) -> dict[str, Any]:
    """What a letter is made of; raises VaultError if it cannot be opened."""
    sealed = services.vault.open(PLACE + notice.key, notice.owner, notice.data_sealed)
    found: dict[str, Any] = json.loads(sealed)
    return found


def hurry(services: Services) -> bool:
    """Have the outbox emptied soon, for a letter that somebody is waiting for.

    Call it after the commit. Without Redis nothing is lost (False): the timetable sends the
    letter with its next round.
    """
    return services.queues.wake("send_letters")
