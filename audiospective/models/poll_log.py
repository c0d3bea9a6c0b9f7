"""The log of polls: what each one found, for the person's own health page; kept for days."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField, IntegerField, SmallIntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class PollLog(Row):
    """One poll. `outcome` is "ok", "anomaly" or a failure type in lower case."""

    user = ForeignKeyField(User, on_delete="CASCADE", backref="poll_log")
    at = InstantField()
    outcome = TextField()
    offered = SmallIntegerField(default=0)  # items on the page
    added = SmallIntegerField(default=0)  # plays that were new
    took_ms = IntegerField(default=0)
    tries = SmallIntegerField(default=1)

    class Meta:
        table_name = "poll_log"
        primary_key = CompositeKey("user", "at")
