"""Imports: files that a member brought, how far they are, and what became of every row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    BooleanField,
    Check,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
    fn,
)

from audiospective import clock
from audiospective.models.base import LONG_AGO, InstantField, Row
from audiospective.models.plays import FROM_POLL, Play
from audiospective.models.users import User

UPLOADING = "uploading"  # its files are on their way
READING = "reading"  # a worker reads them, or will
REVIEW = "review"  # the member looks at what was found; nothing is in the archive yet
COMMITTING = "committing"  # the member said yes; a worker adds the plays, or will
DONE = "done"
UNDOING = "undoing"  # a worker takes it back, or will
UNDONE = "undone"
FAILED = "failed"  # nothing of it is in the archive; `error` says why
CANCELLED = "cancelled"
WORK = (READING, COMMITTING, UNDOING)  # states in which a worker has something to do
OVER = (DONE, UNDONE, FAILED, CANCELLED)

LOOK_AGAIN = -1  # as `polls_seen`: so many plays there never are
LOOKING = -2  # while a job looks: a check that asks for another look meanwhile is noticed
UNCOUNTED = -3  # less n: n were looked at, but plays in a gap are still to be counted
AROUND = 3_600_000  # ms: a play that begins in the time of a file may end after it

BALANCE = "rows = added + matched + skipped + rejected"


class Import(Row):
    """One import. A worker holds it while `lease_until` is ahead (database clock, see claims).

    The counters are of rows; of a finished import they always add up, the table itself sees to
    that.
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="imports")
    status = TextField(default=UPLOADING)
    created_at = InstantField()
    changed_at = InstantField()  # of the status
    lease_until = InstantField(default=LONG_AGO)
    fence = IntegerField(default=0)
    attempts = SmallIntegerField(default=0)  # workers that took it in this status
    step = IntegerField(default=0)  # how far the worker is, of `steps`
    steps = IntegerField(default=0)
    choices = TextField(default="{}")  # JSON, see imports.choices
    findings = TextField(default="{}")  # JSON, see imports.findings
    error = TextField(null=True)  # a sentence for the member: why it failed, or what it waits for
    rows = IntegerField(default=0)
    added = IntegerField(default=0)
    matched = IntegerField(default=0)
    skipped = IntegerField(default=0)
    rejected = IntegerField(default=0)
    first_at = InstantField(null=True)  # of the plays that it tells of
    last_at = InstantField(null=True)
    kept_bytes = BigIntegerField(default=0)  # what storage holds of it
    committed_at = InstantField(null=True)
    polls_seen = IntegerField(default=0)  # polled plays in its time that were looked at
    live = BooleanField(default=False)  # no files: what players sent, see imports.listens

    class Meta:
        table_name = "imports"
        indexes = ((("user", "status"), False),)
        constraints = (Check(f"status <> 'done' OR {BALANCE}"),)

    @classmethod
    def look_again(cls, user_id: int, start: datetime, end: datetime) -> None:
        """Have the next round look at imports that tell of plays between two instants."""
        cls.update(polls_seen=LOOK_AGAIN).where(
            (cls.user == user_id)
            & (cls.status == DONE)
            & (cls.first_at <= end)
            & (cls.last_at >= start)
        ).execute()

    @classmethod
    def polls_went(cls, user_id: int, ends: Sequence[int]) -> None:
        """Count plays (UTC ms) no more that only polls told of: they were deleted, or a file tells
        of them as well.

        Else as many that come next would count as looked at, and stay doubled.
        """
        for row in cls.select().where((cls.user == user_id) & (cls.status == DONE)):
            span, looked_at = row.span, row.looked_at
            went = 0 if span is None else sum(span[0] <= at <= span[1] for at in ends)
            if not went or looked_at is None:
                continue
            left = looked_at - went
            if left < 0:  # some of them were not looked at
                left = LOOK_AGAIN
            elif row.polls_seen <= UNCOUNTED:
                left = UNCOUNTED - left
            cls.update(polls_seen=left).where(
                (cls.id == row.id) & (cls.polls_seen == row.polls_seen)
            ).execute()

    @property
    def looked_at(self) -> int | None:
        """How many polled plays in its time were looked at; None while that is to be done again."""
        seen: int = self.polls_seen
        return seen if seen >= 0 else UNCOUNTED - seen if seen <= UNCOUNTED else None

    @property
    def has_unseen_polls(self) -> bool:
        """Whether polled plays in its time were not yet held against its own."""
        return self.polls_in_its_time() != self.looked_at

    @classmethod
    def to_look_at(cls, which: Any) -> list[int]:
        """Members with finished imports, of those that `which` means, in whose time polls brought
        plays that nobody looked at; one statement, however many imports there are."""
        brought = Play.select(fn.COUNT(SQL("1"))).where(
            (Play.user == cls.user)
            & (Play.source == FROM_POLL)
            & Play.played_at.between(cls.first_at - AROUND, cls.last_at + AROUND)
        )
        query = (
            cls.select(cls.user)
            .where((cls.status == DONE) & which & (cls.polls_seen != brought))
            .distinct()
            .order_by(cls.user)
        )
        return [user_id for (user_id,) in query.tuples()]

    @property
    def span(self) -> tuple[int, int] | None:
        """The time that it is of, and an hour around, in ms; None if it tells of no plays."""
        if self.first_at is None or self.last_at is None:
            return None
        return clock.to_ms(self.first_at) - AROUND, clock.to_ms(self.last_at) + AROUND

    def polls_in_its_time(self) -> int:
        """Plays in rows that only polls told of, in the time that the import is of."""
        span = self.span
        if span is None:
            return 0
        mine = (Play.user == self.user_id) & (Play.source == FROM_POLL)
        return int(Play.select().where(mine & Play.played_at.between(*span)).count())


class ImportFile(Row):
    """One file of an import as it was sent; its bytes are in storage until they are read."""

    owner = ForeignKeyField(Import, on_delete="CASCADE", backref="files", column_name="import_id")
    number = SmallIntegerField()
    name = TextField()  # what the member's machine calls it
    size = BigIntegerField()  # bytes that were announced
    received = BigIntegerField(default=0)
    stamp = TextField(null=True)  # by which the sender knows the file again

    class Meta:
        table_name = "import_files"
        indexes = ((("owner", "number"), True),)


def busy() -> SQL:
    """The condition that an import is not over."""
    return SQL("status NOT IN ('done', 'undone', 'failed', 'cancelled')")
