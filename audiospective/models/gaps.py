"""Gaps: where plays may be missing, why, and whether an import filled them."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, IntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Gap(Row):
    """A hole between two known plays; stays on record after it is closed."""

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="gaps")
    started_at = InstantField()  # the newest play known before the hole
    ended_at = InstantField()  # the oldest play known after it
    cause = TextField()  # policy.gaps.Cause
    certainty = TextField()  # policy.gaps.Certainty
    opened_at = InstantField()
    closed_at = InstantField(null=True)
    closed_by_import = IntegerField(null=True)
    recovered = IntegerField(default=0)  # plays that imports put into the hole

    class Meta:
        table_name = "gaps"
        indexes = ((("user", "started_at"), True),)
