"""The outbox: every e-mail that is owed to somebody, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import AutoField, ForeignKeyField, SmallIntegerField, TextField, fn

from audiospective.models.base import LONG_AGO, InstantField, Row, clock_now
from audiospective.models.users import User

QUEUED = "queued"  # owed, waiting for its turn
SENDING = "sending"  # a worker holds it (lease_until, database clock)
SENT = "sent"  # the provider took it and said so, or perhaps took what was no longer true later
UNCERTAIN = "uncertain"  # handed over, answer unknown: goes again with the same key
FAILED = "failed"  # refused for good, never tried again
OBSOLETE = "obsolete"  # no longer true when its turn came, and certainly never sent
WAITING = (QUEUED, UNCERTAIN)
DONE = (SENT, FAILED, OBSOLETE)
UNWRITTEN = "unwritten: "  # begins the error of a try that ended before the provider was asked
ACCOUNT = "account: "  # begins the error of a try that was refused as if the account were
DIED = "its sender died"  # error of one that was perhaps handed over
PERHAPS = "no answer, and no longer true when it was to go once more"  # error of one SENT
TOLD = (SENT, UNCERTAIN, SENDING)  # it went out, or may have

# In a dedupe key, before the number of a member who shares an address with another one that was
# owed an e-mail about the same: the month that is over, the batch in which both had a success.
OF_MEMBER = "#"

LEASE = timedelta(seconds=120)  # longer than one e-mail can take
# No e-mail is put off for as long: what waits for an instant beyond was put off by a clock that was
# ahead.
FURTHEST = timedelta(hours=2)


class Notice(Row):
    """One e-mail. What makes it unique (the index below) is what keeps it from going out twice."""

    id = AutoField()
    key = TextField(unique=True)  # random; the provider's idempotency key
    user = ForeignKeyField(User, null=True, on_delete="CASCADE", backref="notices")
    recipient = TextField()
    kind = TextField()
    dedupe_key = TextField()  # what it is about: one incident, one renewal, one request
    step = SmallIntegerField(default=0)  # of several e-mails about the same, from 0
    status = TextField(default=QUEUED)
    # What the text is made of; emptied once it is settled.
    data_encrypted = TextField(default="", column_name="data_sealed")
    attempts = SmallIntegerField(default=0)
    next_attempt_at = (
        InstantField()
    )  # once it is settled: when it was, or was owed if that is later
    lease_until = InstantField(default=LONG_AGO)
    created_at = InstantField()
    sent_at = InstantField(null=True)
    provider_id = TextField(null=True)
    error = TextField(null=True)
    # No column: whether it may have gone out before this claim.
    maybe_out = False

    class Meta:
        table_name = "notices"
        indexes = (
            (("recipient", "kind", "dedupe_key", "step"), True),
            (("status", "next_attempt_at"), False),
        )

    @property
    def about(self) -> str:
        """What it is about, as its kind names that."""
        return str(self.dedupe_key).partition(OF_MEMBER)[0]

    @property
    def owner(self) -> int:
        """Whose data the vault encrypted this e-mail's under: the user's id, 0 for strangers."""
        return int(self.user_id or 0)


@dataclass(frozen=True)
class Waiting:
    """A notice that may go out now; while a `stumbling` one was tried, no other could go."""

    id: int
    kind: str
    stumbling: bool


def waiting(now: datetime) -> list[Waiting]:
    """Every notice that may go out now, in the order in which they were owed."""
    columns = Notice.id, Notice.kind, Notice.attempts, Notice.error
    query = Notice.select(*columns).where(_ready(now)).order_by(Notice.id)
    return [
        # One that died may have been restarted with its machine; twice is no accident.
        Waiting(number, kind, (error or "").startswith(ACCOUNT) or (error == DIED and tries > 1))
        for number, kind, tries, error in query.tuples()
    ]


def claim(number: int, now: datetime) -> Notice | None:
    """Take a notice for sending; None if another process has it, or it was put off meanwhile."""
    seen = Notice.select(Notice.status).where((Notice.id == number) & _ready(now))
    status = seen.scalar()
    if status is None:
        return None
    taken = (
        Notice.update(
            status=SENDING,
            lease_until=clock_now() + LEASE // timedelta(milliseconds=1),
            attempts=Notice.attempts + 1,
        )
        .where((Notice.id == number) & (Notice.status == status) & _ready(now))
        .returning(Notice)
        .execute()
    )
    found = next(iter(taken), None)
    if found is not None:
        found.maybe_out = status == UNCERTAIN
    return found


def finish(
    notice: Notice,
    status: str,
    now: datetime,
    *,
    error: str | None = None,
    provider_id: str | None = None,
) -> bool:
    """The end of a notice: what it was made of is forgotten. False if it is another's by now."""
    changed = (
        Notice.update(
            status=status,
            sent_at=now if status == SENT else None,
            provider_id=provider_id,
            error=error,
            data_encrypted="",
            next_attempt_at=max(now, notice.created_at),
        )
        .where(_still_ours(notice))
        .execute()
    )
    return bool(changed)


def put_off(notice: Notice, status: str, until: datetime, error: str) -> None:
    """Let a claimed notice wait until `until`."""
    Notice.update(status=status, error=error, next_attempt_at=until).where(
        _still_ours(notice)
    ).execute()


def free_abandoned() -> None:
    """Notices whose sender died: perhaps they went out, so they go again under the same key.

    A lease longer than any is of a clock that was ahead.
    """
    now, longer = clock_now(), 2 * LEASE // timedelta(milliseconds=1)
    over = (Notice.lease_until <= now) | (Notice.lease_until > now + longer)
    Notice.update(status=UNCERTAIN, error=DIED).where((Notice.status == SENDING) & over).execute()


def first_in_vain(owed_by: datetime) -> Notice | None:
    """The first of the e-mails owed by then that were handed over and still wait.

    What cannot be written, as no key opens it, says nothing of the provider.
    """
    waits = Notice.status.in_((*WAITING, SENDING)) & (Notice.attempts > 0)
    unwritten = fn.SUBSTR(fn.COALESCE(Notice.error, ""), 1, len(UNWRITTEN)) == UNWRITTEN
    old = Notice.created_at <= owed_by
    found = Notice.select().where(waits & old & ~unwritten).order_by(Notice.created_at, Notice.id)
    return next(iter(found.limit(1)), None)


def any_sent_after(at: datetime) -> bool:
    """Whether the provider took any e-mail later than that."""
    settled = (Notice.status == SENT) & (Notice.next_attempt_at > at)  # which the index knows
    return bool(Notice.select().where(settled & (Notice.sent_at > at)).exists())


def _ready(now: datetime) -> Any:
    due = (Notice.next_attempt_at <= now) | (Notice.next_attempt_at > now + FURTHEST)
    return Notice.status.in_(WAITING) & due


def _still_ours(notice: Notice) -> Any:
    # Whoever slept past the lease does not overwrite what the next sender wrote.
    return (
        (Notice.id == notice.id) & (Notice.status == SENDING) & (Notice.attempts == notice.attempts)
    )
