"""E-mails and messages that a clock noted which was ahead count from now, once it is set back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import Case

from audiospective import clock, log
from audiospective.models.base import read_clock
from audiospective.models.notices import DONE, SENDING, WAITING, Notice
from audiospective.models.webhook_calls import WebhookCall

LESS = timedelta(minutes=1) // timedelta(milliseconds=1)  # clocks differ by less


def bring_emails_back() -> int:
    """Let the reminder after an e-mail, and limits a day, count from now; how many e-mails."""
    return _brought_back(Notice)


def bring_messages_back() -> int:
    """Let messages to webhooks be tried, and counted, for a day from now; how many."""
    return _brought_back(WebhookCall)


def _brought_back(model: type[Notice] | type[WebhookCall]) -> int:
    """Goes by the database's clock, as claims do: this machine's may be the one that is wrong."""
    now = clock.to_ms(read_clock())  # a value: for an expression PostgreSQL reads every row
    values = {column: _at_most(column, now) for column in (model.created_at, model.sent_at)}
    found = int(model.update(values).where(_ahead(model, now)).execute())
    if found:
        log.event("clock_was_ahead", log.WARNING, **{model._meta.table_name: found})
    return found


def _ahead(model: type[Notice] | type[WebhookCall], now: int) -> Any:
    """An index finds all rows that may be ahead: nearly all are settled, and were so long ago."""
    settled_ahead = model.status.in_(DONE) & (model.next_attempt_at > now + LESS)
    few = model.status.in_((*WAITING, SENDING)) | settled_ahead
    return few & ((model.created_at > now + LESS) | (model.sent_at > now + LESS))


def _at_most(column: Any, now: Any) -> Case:
    return Case(None, [(column > now, now)], column)
