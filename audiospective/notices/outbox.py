"""Empties the outbox: claims a letter, hands it over, writes down what became of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from peewee import fn

from audiospective import clock, log
from audiospective.clients import mail
from audiospective.clients.mail import (
    AccountRefusedError,
    AddressRefusedError,
    AlreadyTakenError,
    LetterRefusedError,
    LimitedError,
    UnreachableError,
)
from audiospective.models import Connection, User, transaction
from audiospective.models.base import clock_now
from audiospective.models.counters import Counter
from audiospective.models.notices import (
    FAILED,
    OBSOLETE,
    QUEUED,
    SENDING,
    SENT,
    UNCERTAIN,
    WAITING,
    Notice,
)
from audiospective.models.system_state import Mark
from audiospective.notices import compose, owing
from audiospective.policy import letters as rules
from audiospective.services import Services

PAUSE = "mail:paused_until"  # no letter goes out before this instant, whoever asks
ALARM = "mail:account_refused"  # since when the provider does not accept key or sender
LEASE = timedelta(seconds=120)  # longer than one letter can take
SECONDS = 45.0  # for one round; a job may take a minute
SHORT = timedelta(seconds=3)  # a rate limit this short is waited for inside the round
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
PUNCTUAL = timedelta(hours=1)
ACCOUNT_RETRY = timedelta(hours=1)
IN_VAIN = 2  # letters in a row without an answer: the provider is away, the rest can wait
AT_A_TIME = 200


@dataclass
class Report:
    """What became of a round: letters by outcome, and whether more are due at once."""

    outcomes: dict[str, int] = field(default_factory=dict)
    more: bool = False

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def drain(services: Services, *, wait: Callable[[float], object] | None = None) -> Report:
    """Send what is due, the awaited and the rarest first, for at most SECONDS.

    A letter is taken by a conditional update, so any number of processes may do this at once.
    `wait` (seconds) passes short rate limits.
    """
    report = Report()
    _free_abandoned()
    due = _due()
    if not due:
        return report
    if not services.settings.resend_api_key or not services.settings.mail_from:
        log.event("mail_not_configured", logging.WARNING, waiting=len(due))
        return report
    paused = Mark.at_of(PAUSE)
    if paused is not None and paused > clock.now():
        return report
    _Round(services, report, wait or threading.Event().wait).run(due)
    if report.outcomes:
        log.event("letters", **report.outcomes)
        Counter.add({f"letters:{k}": n for k, n in report.outcomes.items()}, clock.now())
    return report


class _Round:
    def __init__(self, services: Services, report: Report, wait: Callable[[float], object]) -> None:
        self.services = services
        self.report = report
        self.wait = wait
        self.ends = clock.monotonic() + SECONDS
        self.in_vain = 0

    def run(self, due: list[int]) -> None:
        for number in due:
            if clock.monotonic() >= self.ends or self.in_vain >= IN_VAIN:
                self.report.more = self.in_vain < IN_VAIN
                return
            notice = _claim(number)
            if notice is not None and not self._one(notice):
                return
        self.report.more = len(due) == AT_A_TIME

    def _one(self, notice: Notice) -> bool:
        """Send one letter; False when all others have to wait."""
        try:
            envelope = compose.envelope(self.services, notice, owing.opened)
        except compose.UnwritableError as error:
            log.trouble("letter_unwritable", error, notice=notice.id, kind=notice.kind)
            self._settle(notice, FAILED, str(error))
            return True
        if envelope is None:
            self._settle(notice, OBSOLETE)
            return True
        return self._hand_over(notice, envelope)

    def _hand_over(self, notice: Notice, envelope: mail.Envelope) -> bool:
        settings = self.services.settings
        try:
            found = mail.send(
                settings.resend_api_url, settings.resend_api_key, envelope, notice.key
            )
        except LimitedError as error:
            return self._limited(notice, error, envelope)
        except UnreachableError as error:
            self.in_vain += 1
            status = QUEUED if error.refused else UNCERTAIN
            self._later(notice, status, str(error), _backoff(notice.attempts))
            if self.in_vain >= IN_VAIN:
                _pause(FIRST_RETRY, str(error))
        except AccountRefusedError as error:
            self._later(notice, QUEUED, str(error), timedelta())
            self._alarm(error)
            return False
        except AlreadyTakenError as error:
            self._settle(notice, SENT, str(error))
        except AddressRefusedError as error:
            self._settle(notice, FAILED, str(error))
            _distrust(notice)
        except LetterRefusedError as error:
            self._settle(notice, FAILED, str(error))
        else:
            self.in_vain = 0
            self._settle(notice, SENT, provider_id=found)
            if Mark.drop(ALARM):
                log.event("mail_account_accepted_again")
        return True

    def _limited(self, notice: Notice, error: LimitedError, envelope: mail.Envelope) -> bool:
        left = self.ends - clock.monotonic()
        if not error.daily and error.wait <= SHORT and error.wait.total_seconds() < left:
            self.wait(error.wait.total_seconds())
            return self._hand_over(notice, envelope)
        self._later(notice, QUEUED, str(error), timedelta())
        _pause(error.wait, str(error))
        self.report.count("limited")
        log.event(
            "mail_limited", logging.WARNING, seconds=int(error.wait.total_seconds()),
            daily=error.daily,
        )  # fmt: skip
        return False

    def _alarm(self, error: AccountRefusedError) -> None:
        """Nothing can go out until the operator acts; the letters stay."""
        _pause(ACCOUNT_RETRY, str(error))
        if Mark.at_of(ALARM) is None:
            Mark.put(ALARM, clock.now(), str(error))
        self.report.count("account_refused")
        log.event("mail_account_refused", logging.ERROR, answer=str(error))

    def _settle(
        self, notice: Notice, status: str, error: str | None = None, provider_id: str | None = None
    ) -> None:
        """The end of a letter: what it was made of is forgotten."""
        now = clock.now()
        with transaction():
            Notice.update(
                status=status,
                sent_at=now if status == SENT else None,
                provider_id=provider_id,
                error=error,
                data_sealed="",
            ).where(_still_ours(notice)).execute()
            if status == SENT and notice.kind == "archive_stopped":
                # The next step of the ladder counts from when this one was due, unless it had to
                # wait for long: two of them must not arrive together.
                delayed = now - notice.created_at > PUNCTUAL
                told_at = now if delayed else notice.created_at
                Connection.update(last_notification_sent=told_at).where(
                    (Connection.user == notice.owner) & (Connection.auth_notification_count > 0)
                ).execute()
        self.report.count(status)

    def _later(self, notice: Notice, status: str, error: str, wait: timedelta) -> None:
        Notice.update(status=status, error=error, next_attempt_at=clock.now() + wait).where(
            _still_ours(notice)
        ).execute()
        self.report.count("postponed")


def _free_abandoned() -> None:
    """Letters whose sender died: perhaps they went out, so they go again under the same key."""
    Notice.update(status=UNCERTAIN).where(
        (Notice.status == SENDING) & (Notice.lease_until <= clock_now())
    ).execute()


def _due() -> list[int]:
    """Ids of what may go now, in the order in which it should."""
    ready = Notice.status.in_(WAITING) & (Notice.next_attempt_at <= clock.now())
    counts: dict[str, int] = dict(
        Notice.select(Notice.kind, fn.COUNT(Notice.id)).where(ready).group_by(Notice.kind).tuples()
    )
    if not counts:
        return []
    waiting: list[tuple[int, str]] = list(
        Notice.select(Notice.id, Notice.kind).where(ready).tuples()
    )
    return rules.order(waiting, counts)[:AT_A_TIME]


def _claim(number: int) -> Notice | None:
    lease = LEASE // timedelta(milliseconds=1)
    taken = (
        Notice.update(status=SENDING, lease_until=clock_now() + lease, attempts=Notice.attempts + 1)
        .where((Notice.id == number) & Notice.status.in_(WAITING))
        .returning(Notice)
        .execute()
    )
    return next(iter(taken), None)


def _still_ours(notice: Notice) -> object:
    # Whoever slept past the lease does not overwrite what the next sender wrote.
    return (
        (Notice.id == notice.id) & (Notice.status == SENDING) & (Notice.attempts == notice.attempts)
    )


def _backoff(attempts: int) -> timedelta:
    doubled: timedelta = FIRST_RETRY * (1 << min(attempts - 1, 10))
    return min(doubled, LONGEST_RETRY)


def _pause(wait: timedelta, reason: str) -> None:
    until: datetime = clock.now() + wait
    Mark.put(PAUSE, until, reason)


def _distrust(notice: Notice) -> None:
    """An address that the provider refuses is not one we can warn: the dashboard says so."""
    User.update(email_verified_at=None).where(
        (User.id == notice.owner) & (User.email == notice.recipient)
    ).execute()
