"""The outbox: every letter that is owed to somebody, and what became of it."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, SmallIntegerField, TextField

from audiospective.models.base import LONG_AGO, InstantField, Row
from audiospective.models.users import User

QUEUED = "queued"  # owed, waiting for its turn
SENDING = "sending"  # a worker holds it (lease_until, database clock)
SENT = "sent"  # the provider took it and said so
UNCERTAIN = "uncertain"  # handed over, answer unknown: goes again with the same key
FAILED = "failed"  # refused for good, never tried again
OBSOLETE = "obsolete"  # no longer true when its turn came, so never sent
WAITING = (QUEUED, UNCERTAIN)
DONE = (SENT, FAILED, OBSOLETE)


class Notice(Row):
    """One letter. What makes it unique (the index below) is what keeps it from going out twice."""

    id = AutoField()
    key = TextField(unique=True)  # random; the provider's idempotency key
    user = ForeignKeyField(User, null=True, on_delete="CASCADE", backref="notices")
    recipient = TextField()
    kind = TextField()
    episode = TextField()  # what the letter is about: one breakdown, one renewal, one request
    rung = SmallIntegerField(default=0)  # step of a ladder, from 0
    status = TextField(default=QUEUED)
    data_sealed = TextField(default="")  # what the text is made of; emptied once it is settled
    attempts = SmallIntegerField(default=0)
    next_attempt_at = InstantField()
    lease_until = InstantField(default=LONG_AGO)
    created_at = InstantField()
    sent_at = InstantField(null=True)
    provider_id = TextField(null=True)
    error = TextField(null=True)

    class Meta:
        table_name = "notices"
        indexes = (
            (("recipient", "kind", "episode", "rung"), True),
            (("status", "next_attempt_at"), False),
        )

    @property
    def owner(self) -> int:
        """Whose data the vault sealed this letter's under: the user's id, 0 for strangers."""
        return int(self.__data__["user"] or 0)
