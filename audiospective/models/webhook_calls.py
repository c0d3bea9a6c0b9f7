"""The outbox of alarms to webhooks: every message that is owed to one, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from peewee import AutoField, SmallIntegerField, TextField

from audiospective.models.base import LONG_AGO, InstantField, Row, clock_now

QUEUED, SENT, FAILED, OBSOLETE = "queued", "sent", "failed", "obsolete"
LEASE = timedelta(seconds=60)  # longer than one call can take
# No message is put off for as long: what waits for an instant beyond was put off by a clock that
# was ahead.
FURTHEST = timedelta(hours=2)


class WebhookCall(Row):
    """One message to one webhook. The index below keeps it from being owed twice.

    `target` stands for the address, which is in the settings alone: it may hold a secret.
    """

    id = AutoField()
    target = TextField()
    dedupe_key = TextField()  # which alarm, since when
    step = SmallIntegerField(default=0)  # 0: it began; 1: it is over
    topic = TextField()
    message = TextField()  # JSON: title, text, since
    status = TextField(default=QUEUED)
    attempts = SmallIntegerField(default=0)
    next_attempt_at = (
        InstantField()
    )  # once it is settled: when it was, or was owed if that is later
    lease_until = InstantField(default=LONG_AGO)
    created_at = InstantField()
    sent_at = InstantField(null=True)
    error = TextField(null=True)

    class Meta:
        table_name = "webhook_calls"
        indexes = (
            (("target", "dedupe_key", "step"), True),
            (("status", "next_attempt_at"), False),
        )


def put(values: dict[Any, Any]) -> bool:
    """Owe a message; False if this very one is owed already or was."""
    made = WebhookCall.insert(values).on_conflict_ignore().returning(WebhookCall.id).execute()
    return bool(list(made))


def claim(now: datetime) -> WebhookCall | None:
    """Take the oldest message that may go now, or None; no other process gets it for LEASE.

    A lease longer than any is of a clock that was ahead.
    """
    leased, longer = WebhookCall.lease_until, 2 * LEASE // timedelta(milliseconds=1)
    next_at = WebhookCall.next_attempt_at
    ready = (
        (WebhookCall.status == QUEUED)
        & ((next_at <= now) | (next_at > now + FURTHEST))
        & ((leased <= clock_now()) | (leased > clock_now() + longer))
    )
    first = WebhookCall.select(WebhookCall.id).where(ready).order_by(WebhookCall.id).limit(1)
    number = first.scalar()
    if number is None:
        return None
    taken = (
        WebhookCall.update(
            lease_until=clock_now() + LEASE // timedelta(milliseconds=1),
            attempts=WebhookCall.attempts + 1,
        )
        .where((WebhookCall.id == number) & ready)
        .returning(WebhookCall)
        .execute()
    )
    return next(iter(taken), None)


def settle(call: WebhookCall, status: str, now: datetime, error: str | None = None) -> None:
    """Write down the end of a message."""
    WebhookCall.update(
        status=status,
        sent_at=now if status == SENT else None,
        error=error,
        lease_until=LONG_AGO,
        next_attempt_at=max(now, call.created_at),
    ).where(WebhookCall.id == call.id).execute()


def put_off(call: WebhookCall, until: datetime, error: str) -> None:
    """Let a claimed message wait until `until`."""
    WebhookCall.update(next_attempt_at=until, error=error, lease_until=LONG_AGO).where(
        WebhookCall.id == call.id
    ).execute()


def begun(since: datetime) -> list[WebhookCall]:
    """Messages of alarms that began, owed since then and not dropped, and those of their end."""
    query = WebhookCall.select().where(
        (WebhookCall.created_at >= since) & (WebhookCall.status != OBSOLETE)
    )
    return list(query.order_by(WebhookCall.id))


def forget(before: datetime) -> int:
    """Drop old messages; how many that were."""
    return int(WebhookCall.delete().where(WebhookCall.created_at < before).execute())
