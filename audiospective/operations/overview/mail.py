"""E-mails and messages to webhooks by what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import SQL, Case, fn

from audiospective import clock
from audiospective.models.notices import FAILED, PERHAPS, SENT, WAITING, Notice
from audiospective.settings import Settings

UNKNOWN = "unknown"  # one that counts as sent so that it never goes twice: nobody said it arrived


@dataclass(frozen=True)
class Mail:
    """E-mails owed since an instant: by status, by kind and status, and by step of time.

    A status is that of a notice, or UNKNOWN.
    """

    by_kind: Mapping[tuple[str, str], int]
    by_step: Mapping[int, Mapping[str, int]]

    @property
    def by_status(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (_, status), count in self.by_kind.items():
            found[status] = found.get(status, 0) + count
        return found


def look(since: datetime, step: timedelta) -> Mail:
    """One statement."""
    begin, length = clock.to_ms(since), step // timedelta(milliseconds=1)
    place = (Notice.created_at - begin) / length
    perhaps = (Notice.status == SENT) & (Notice.error == PERHAPS)
    became = Case(None, [(perhaps, UNKNOWN)], Notice.status)
    rows = (
        Notice.select(place, Notice.kind, became, fn.COUNT(SQL("*")))
        .where(Notice.created_at >= since)
        .group_by(SQL("1"), Notice.kind, SQL("3"))
        .tuples()
    )
    by_kind: dict[tuple[str, str], int] = {}
    by_step: dict[int, dict[str, int]] = {}
    for at, kind, status, count in rows:
        by_kind[kind, status] = by_kind.get((kind, status), 0) + int(count)
        steps = by_step.setdefault(clock.to_ms(at) if isinstance(at, datetime) else int(at), {})
        steps[status] = steps.get(status, 0) + int(count)
    return Mail(by_kind, by_step)


def settled(by_status: Mapping[str, int]) -> tuple[int, int]:
    """(delivered to the provider, of those that it answered: taken or refused)"""
    sent = by_status.get(SENT, 0)
    return sent, sent + by_status.get(FAILED, 0)


def waiting() -> dict[str, int]:
    """Everything in the outbox by status, whenever it was owed; one statement."""
    rows = Notice.select(Notice.status, fn.COUNT(SQL("*"))).group_by(Notice.status).tuples()
    return {status: int(count) for status, count in rows}


def unset(settings: Settings) -> list[str]:
    """Names of the settings that are missing and without which no e-mail is sent."""
    needed = {"RESEND_API_KEY": settings.resend_api_key, "MAIL_FROM": settings.mail_from}
    return [name for name, value in needed.items() if not value]


def kept() -> int:
    """E-mails that are still to go; one statement."""
    return int(Notice.select().where(Notice.status.in_(WAITING)).count())
