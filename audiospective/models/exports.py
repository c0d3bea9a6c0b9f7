"""Exports: files that members asked for, how far they are, and until when they can be fetched."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective import clock
from audiospective.models.base import LONG_AGO, InstantField, Row
from audiospective.models.users import User

WAITING = "waiting"  # for a worker
WORKING = "working"  # a worker holds it (lease_until, database clock), or died over it
READY = "ready"  # in storage, until `expires_at`
FAILED = "failed"  # `error` says why
CANCELLED = "cancelled"
EXPIRED = "expired"  # it was ready; storage has nothing of it any more
UNFINISHED = (WAITING, WORKING)


class Export(Row):
    """One export.

    Of one member only one is unfinished at a time: the database refuses another (an index of the
    migration's).
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="exports")
    form = TextField()  # `bundle`, or the name of a format
    compatible = BooleanField(default=False)
    status = TextField(default=WAITING)
    created_at = InstantField()
    changed_at = InstantField()  # of the status
    lease_until = InstantField(default=LONG_AGO)
    fence = IntegerField(default=0)
    attempts = SmallIntegerField(default=0)
    done = BigIntegerField(
        default=0
    )  # plays written, of `total`; a bundle writes each several times
    total = BigIntegerField(default=0)
    plays = IntegerField(default=0)  # that are in it
    file_name = TextField(default="")
    size = BigIntegerField(default=0)  # bytes
    key = TextField(null=True)  # in storage
    expires_at = InstantField(null=True)
    error = TextField(null=True)  # a sentence for the member: why it failed, or what it waits for

    class Meta:
        table_name = "exports"
        indexes = ((("user", "created_at"), False), (("status", "changed_at"), False))

    @property
    def is_over(self) -> bool:
        """Whether its time is over, though no round may have come by yet to delete the file."""
        until = self.expires_at
        return self.status == READY and until is not None and until <= clock.now()

    @classmethod
    def to_fetch(cls, user_id: int) -> int:
        """How many files a member can fetch now."""
        there = (cls.status == READY) & (cls.expires_at > clock.now())
        return int(cls.select().where((cls.user == user_id) & there).count())
