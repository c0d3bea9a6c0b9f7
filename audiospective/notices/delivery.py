"""Empties the outbox: claims a notice, hands the e-mail over, writes down what became of it.

One module although it is long: each answer decides about the e-mail and about the rest of the
round.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from peewee import PeeweeException

from audiospective import clock, log
from audiospective.clients import mail
from audiospective.clients.mail import (
    AccountRefusedError,
    AddressRefusedError,
    AlreadyTakenError,
    EmailRefusedError,
    LimitedError,
    UnreachableError,
)
from audiospective.clients.queues import INTERRUPTS
from audiospective.models import User, notices, transaction
from audiospective.models.database_away import says_away
from audiospective.models.marks import Mark
from audiospective.models.notices import (
    ACCOUNT,
    FAILED,
    OBSOLETE,
    PERHAPS,
    QUEUED,
    SENT,
    UNCERTAIN,
    UNWRITTEN,
    Notice,
)
from audiospective.notices import compose
from audiospective.notices.kind import Kind, find
from audiospective.services import Services

# Mark: no e-mail goes out before this instant, whoever asks; the note says since when (ms) and why.
PAUSE = "mail:paused_until"
ALARM = "mail:account_refused"  # since when the provider does not accept key or sender
SECONDS = 30.0  # in which a round begins e-mails; with the last one it fits into a job's minute
SHORT = timedelta(seconds=3)  # a rate limit this short is waited for inside the round
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
ACCOUNT_RETRY = timedelta(hours=1)
FOR_A_DOMAIN = timedelta(days=7)  # in which an operator has one verified
LONGEST_PAUSE = mail.DAY + mail.MINUTE  # clocks differ by less than a minute
IN_VAIN = 2  # e-mails in a row without an answer: the provider is away, the rest can wait
AT_A_TIME = 200


@dataclass
class Report:
    """What became of a round: e-mails by outcome, and whether more are due at once."""

    outcomes: dict[str, int] = field(default_factory=dict)
    more: bool = False

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def drain(
    services: Services, *, wait: Callable[[float], object] | None = None, only: str | None = None
) -> Report:
    """Send what is due, the awaited and the rarest first; none is begun after SECONDS.

    `only` names a kind and leaves all others where they are.

    A notice is taken by a conditional update, so any number of processes may do this at once.
    `wait` (seconds) passes short rate limits.
    """
    report = Report()
    notices.free_abandoned()
    due = [one for one in _due() if only in (None, one[1].name)]
    if not due:
        return report
    if not services.settings.resend_api_key or not services.settings.mail_from:
        log.event("mail_not_configured", log.WARNING, waiting=len(due))
        return report
    if _is_paused():
        return report
    _Round(services, report, wait or threading.Event().wait).run(due)
    if report.outcomes:
        log.event("emails", **report.outcomes)
    return report


class _Round:
    def __init__(self, services: Services, report: Report, wait: Callable[[float], object]) -> None:
        self.services = services
        self.report = report
        self.wait = wait
        self.ends = clock.monotonic() + SECONDS
        self.in_vain = 0
        self.taken = False  # an e-mail was taken, and none refused as the account's since
        self.refused: AccountRefusedError | None = None  # and no e-mail was taken since

    def run(self, due: list[tuple[int, Kind]]) -> None:
        self.report.more = self._in_turn(due)
        if self.refused is not None:
            self.report.more = False
            self._alarm(self.refused)

    def _in_turn(self, due: list[tuple[int, Kind]]) -> bool:
        """Whether more are due at once; one that cannot be read is nobody else's trouble."""
        for number, kind in due[:AT_A_TIME]:
            if clock.monotonic() >= self.ends or self.in_vain >= IN_VAIN:
                return self.in_vain < IN_VAIN
            try:
                notice = notices.claim(number, clock.now())
            except (*INTERRUPTS, PeeweeException):
                raise
            except Exception as error:  # noqa: BLE001 - such as an instant that no clock can tell
                log.trouble("email_unreadable", error, notice=number, kind=kind.name)
                continue
            if notice is not None and not self._one(kind, notice):
                return False
        return len(due) > AT_A_TIME

    def _one(self, kind: Kind, notice: Notice) -> bool:
        """Send one e-mail; False when all others have to wait."""
        try:
            envelope = compose.envelope(self.services, kind, notice)
        except compose.UnwritableError as error:
            log.trouble("email_unwritable", error, notice=notice.id, kind=notice.kind)
            self._finish(notice, FAILED, UNWRITTEN + str(error))
            return True
        except INTERRUPTS:
            raise
        except Exception as error:
            if says_away(error):
                raise
            # Whatever else it is, it is this e-mail's alone.
            log.trouble("email_failed", error, notice=notice.id, kind=notice.kind)
            said = UNWRITTEN + type(error).__name__
            self._later(notice, QUEUED, said, _backoff(notice.attempts))
            return True
        if envelope is None:
            self._drop(notice)
            return True
        return self._hand_over(notice, envelope)

    def _hand_over(self, notice: Notice, envelope: mail.Envelope) -> bool:
        settings = self.services.settings
        try:
            from audiospective.clients import mail_http
        except ImportError as error:  # nothing left this server, and no other e-mail can
            log.trouble("mail_library", error)
            said = f"its library cannot be loaded ({type(error).__name__})"
            self._later(notice, QUEUED, said, _backoff(notice.attempts))
            return False
        try:
            found = mail_http.send(
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
            return self._refused(notice, error)
        except AlreadyTakenError as error:
            self._finish(notice, SENT, str(error))
        except AddressRefusedError as error:
            with transaction():
                self._finish(notice, FAILED, str(error))
                _distrust(notice)
        except EmailRefusedError as error:
            self._finish(notice, FAILED, str(error))
        else:
            self.in_vain, self.taken, self.refused = 0, True, None
            self._finish(notice, SENT, provider_id=found)
            if Mark.drop(ALARM):
                log.event("mail_account_accepted_again")
        return True

    def _refused(self, notice: Notice, error: AccountRefusedError) -> bool:
        """The next e-mail tells whether the account is refused or only this e-mail.

        What stands before the provider answers 403 as well, to words that it takes for an attack:
        one such e-mail would stop all others for an hour, time and again. It never goes if it is
        refused once more right after another one was taken. Where the provider says itself why, it
        is tried for a week, once a day: without a domain that is verified it takes e-mails to the
        account's own address, and no others yet.
        """
        said = ACCOUNT + str(error)
        if self.taken and notice.error == said:
            if error.named and clock.now() - notice.created_at < FOR_A_DOMAIN:
                self._later(notice, QUEUED, said, mail.DAY)
            else:
                self._finish(notice, FAILED, said)
        else:
            self._later(notice, QUEUED, said, timedelta())
        if self.taken:
            self.taken = False
            return True
        others_too, self.refused = self.refused is not None, error
        return not others_too

    def _limited(self, notice: Notice, error: LimitedError, envelope: mail.Envelope) -> bool:
        left = self.ends - clock.monotonic()
        if not error.daily and error.wait <= SHORT and error.wait.total_seconds() < left:
            self.wait(error.wait.total_seconds())
            return self._hand_over(notice, envelope)
        self._later(notice, QUEUED, str(error), timedelta())
        self.refused = None  # it knows the account
        _pause(error.wait, str(error))
        self.report.count("limited")
        seconds = int(error.wait.total_seconds())
        log.event("mail_limited", log.WARNING, seconds=seconds, daily=error.daily)
        return False

    def _alarm(self, error: AccountRefusedError) -> None:
        """Nothing can go out until the operator acts; the notices stay."""
        _pause(ACCOUNT_RETRY, str(error))
        Mark.keep(ALARM, clock.now(), str(error))
        self.report.count("account_refused")
        log.event("mail_account_refused", log.ERROR, answer=str(error))

    def _finish(
        self, notice: Notice, status: str, error: str | None = None, provider_id: str | None = None
    ) -> None:
        notices.finish(notice, status, clock.now(), error=error, provider_id=provider_id)
        self.report.count(status)

    def _drop(self, notice: Notice) -> None:
        """It is no longer true. What may have gone out counts as sent: owed again, it would go
        under another key and arrive once more. Not as sent now: the provider took nothing now.
        """
        if not notice.maybe_out:
            self._finish(notice, OBSOLETE)
            return
        notices.finish(notice, SENT, notice.created_at, error=PERHAPS)
        self.report.count(SENT)

    def _later(self, notice: Notice, status: str, error: str, wait: timedelta) -> None:
        if notice.maybe_out:  # no later answer takes back that an earlier try may have arrived
            status = UNCERTAIN
        notices.put_off(notice, status, clock.now() + wait, error)
        self.report.count("postponed")


def _due() -> list[tuple[int, Kind]]:
    """What may go now, in the order in which it should.

    What somebody waits for goes first, then the rarest kinds: behind a full quota, one "reconnect
    needed" must not stand behind nine hundred of something else. What kept others from going goes
    last. A kind that this release does not know waits for one that does.
    """
    waiting = notices.waiting(clock.now())
    counts = Counter(one.kind for one in waiting)
    kinds = {name: kind for name in counts if (kind := find(name)) is not None}
    if unknown := sorted(set(counts) - set(kinds)):
        log.event("unknown_kind", log.WARNING, kinds=unknown)
    known = [one for one in waiting if one.kind in kinds]
    known.sort(  # stable: oldest first
        key=lambda one: (one.stumbling, not kinds[one.kind].awaited, counts[one.kind])
    )
    return [(one.id, kinds[one.kind]) for one in known]


def _backoff(attempts: int) -> timedelta:
    doubled: timedelta = FIRST_RETRY * (1 << min(attempts - 1, 10))
    return min(doubled, LONGEST_RETRY)


def _pause(wait: timedelta, reason: str) -> None:
    now = clock.now()
    Mark.put(PAUSE, now + wait, f"{clock.to_ms(now)} {reason}")


def _is_paused() -> bool:
    """Not by a clock that was ahead: such a pause began later than now, or ends too late."""
    now, mark = clock.now(), Mark.get_or_none(Mark.name == PAUSE)
    if mark is None:
        return False
    word = mark.note.partition(" ")[0]
    since = clock.from_ms(int(word)) if word.isdecimal() and len(word) > 10 else now
    return bool(now < mark.at <= now + LONGEST_PAUSE and since <= now + mail.MINUTE)


def _distrust(notice: Notice) -> None:
    """An address that the provider refuses is not one we can warn: the dashboard says so.

    Where it is the only key to an archive it stays one: without it nobody could sign in there any
    more, nor prove anew that it is them to enter another.
    """
    theirs = (User.id == notice.owner) & (User.email == notice.recipient)
    has_another_key = User.spotify_account_id.is_null(False)
    User.update(email_verified_at=None).where(theirs & has_another_key).execute()
