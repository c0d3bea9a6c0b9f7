"""An account is deleted: the receipt, to an address that nothing else is known of any more."""

from __future__ import annotations

import secrets
from datetime import timedelta

from audiospective import clock
from audiospective.models.notices import DONE, Notice
from audiospective.notices import outbox
from audiospective.notices.kind import Audience, Draft, Kind, always
from audiospective.services import Services

KEPT = timedelta(days=3)  # a receipt that cannot be sent by then is not sent


def put(services: Services, email: str, plays: int) -> bool:
    """Owe it, in the transaction that deletes the last row."""
    now = clock.now()
    draft = Draft(
        recipient=email,
        dedupe_key=secrets.token_hex(16),
        data={
            "plays": plays,
            "deleted_at": clock.to_ms(now),
            "expires_at": clock.to_ms(now + KEPT),
        },
    )
    return outbox.put(services, KIND, draft)


def forget() -> int:
    """Delete receipts that have gone out or never will, with the addresses in them; how many."""
    over = Notice.status.in_(DONE) | (Notice.created_at < clock.now() - KEPT)
    return int(Notice.delete().where((Notice.kind == KIND.name) & over).execute())


KIND = Kind(
    name="account_deleted",
    audience=Audience.ADDRESS,
    security=True,
    awaited=False,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=always,
)
