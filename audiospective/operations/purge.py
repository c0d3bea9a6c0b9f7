"""Forgets what has served its time, so that storage is left for plays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from audiospective import clock, log
from audiospective.accounts import (
    address,
    api_tokens,
    callbacks,
    sessions,
    shares,
    sign_in_link,
    waitlist,
)
from audiospective.clients.queues import INTERRUPTS
from audiospective.incidents import incident
from audiospective.models import Connection, transaction, webhook_calls
from audiospective.models.base import LONG_AGO, agreed_now
from audiospective.models.connections import ACTIVE, NEEDS_REAUTH
from audiospective.models.counters import Counter
from audiospective.models.database_away import says_away
from audiospective.models.marks import Mark
from audiospective.models.notices import DONE, Notice
from audiospective.models.operator_actions import OperatorAction
from audiospective.models.poll_log import PollLog
from audiospective.notices.kinds import file_reminder
from audiospective.policy.failures import Failure

POLLS = timedelta(days=3)  # the last fifty polls of somebody who is polled hourly
FAILED_POLLS = timedelta(days=30)
COUNTERS = timedelta(days=35)
STRANGERS = timedelta(days=30)  # e-mails to addresses that belong to no member
ACTIONS = timedelta(days=400)  # what operators did
NOTICES = timedelta(days=200)  # longer than any episode that an e-mail must not repeat in
DEAD_TOKENS = timedelta(days=30)
EVERY = timedelta(hours=20)
AGAIN = timedelta(hours=1)  # after one that did not end
LAST = "purged"
ORDINARY = ("ok", "empty")


def daily() -> dict[str, int] | None:
    """Purge if that was not done within the last day; rows by table, None when it was not time.

    A table that cannot be purged is told, and left for the next day. Where the database is away,
    the purge ends, and begins anew in an hour.
    """
    now = clock.now()
    before = Mark.at_of(LAST)
    if before is not None and timedelta() <= now - before < EVERY:
        return None  # a mark from the future is none: the clock has been set back
    begun = now - EVERY + AGAIN
    if not Mark.advance(LAST, before, begun):
        return None  # another process just began
    sure = agreed_now()  # rows that are gone cannot be taken back
    parts: dict[str, Callable[[], int]] = {
        "poll_log": lambda: _polls(sure),
        "counters": lambda: Counter.forget(sure - COUNTERS),
        "notices": lambda: _notices(sure),
        "tokens": lambda: _dead_tokens(sure),
        "operator_actions": lambda: OperatorAction.forget(sure - ACTIONS),
        "webhook_calls": lambda: webhook_calls.forget(sure - NOTICES),
        "sessions": sessions.drop_ended,
        "shared_links": lambda: shares.forget(sure),
        "api_tokens": lambda: api_tokens.forget(sure),
        "reminders": lambda: file_reminder.forget(sure),
        "waitlist": lambda: waitlist.forget(sure),
        "sign_in_links": lambda: sign_in_link.forget(sure),
        "address_proofs": lambda: address.forget(sure),
        "settled_callbacks": lambda: callbacks.forget(sure),
    }
    gone = {}
    for table, part in parts.items():
        try:
            gone[table] = part()
        except INTERRUPTS:
            raise
        except Exception as error:  # one table must not keep the others full
            if says_away(error):
                raise
            log.trouble("not_purged", error, table=table)
    Mark.advance(LAST, begun, now)
    log.event("purged", **gone)
    return gone


def _polls(now: datetime) -> int:
    fine = PollLog.outcome.in_(ORDINARY)
    return int(
        PollLog.delete()
        .where((fine & (PollLog.at < now - POLLS)) | (PollLog.at < now - FAILED_POLLS))
        .execute()
    )


def _notices(now: datetime) -> int:
    settled = Notice.status.in_(DONE)
    old = Notice.created_at < now - NOTICES
    strangers = Notice.user.is_null() & (Notice.created_at < now - STRANGERS)
    return int(Notice.delete().where(settled & (old | strangers)).execute())


def _dead_tokens(now: datetime) -> int:
    """Tokens that Spotify refused stay for a while: it has taken back refusals before."""
    limit = now - DEAD_TOKENS
    failing = (
        (Connection.status == ACTIVE)
        & (Connection.consecutive_failures > 0)
        & (Connection.last_failure_type == Failure.AUTH.value)
    )
    with transaction():
        return int(
            Connection.update(
                status=NEEDS_REAUTH,
                access_encrypted="",
                refresh_encrypted="",
                access_expires_at=LONG_AGO,
            )
            .where(
                incident.unheld(
                    (failing | (Connection.status == NEEDS_REAUTH))
                    & (Connection.refresh_encrypted != "")
                    & (Connection.authorized_at < limit)
                    & (Connection.last_success_at.is_null() | (Connection.last_success_at < limit))
                    & (Connection.lease_until == LONG_AGO)
                )
            )
            .execute()
        )


def tombstones() -> int:
    """Drop what deleted plays were kept for: undoing them, for as long as that was promised."""
    from audiospective.history import removal  # loads Polars, which a worker's parent must not

    return removal.drop_expired(agreed_now())
