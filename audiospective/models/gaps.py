"""Gaps: where plays may be missing, why, and whether an import filled them."""

from __future__ import annotations

from datetime import datetime

from peewee import AutoField, ForeignKeyField, IntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Gap(Row):
    """A stretch in which plays may be missing; stays on record after it is closed.

    Between `started_at` and `probably_from` it only may be one: that part stays covered.
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="gaps")
    started_at = InstantField()
    probably_from = InstantField()  # `ended_at` where nothing is probable
    ended_at = InstantField()  # the oldest item known after it
    cause = TextField()  # policy.gaps.Cause
    certainty = TextField()  # policy.gaps.Certainty
    opened_at = InstantField()
    closed_at = InstantField(null=True)
    closed_by_import = IntegerField(null=True)
    recovered = IntegerField(default=0)  # plays that imports put into the gap

    class Meta:
        table_name = "gaps"
        indexes = ((("user", "ended_at"), True),)

    @property
    def is_probable(self) -> bool:
        """Whether part of it is more than a possibility."""
        return bool(self.probably_from < self.ended_at)

    @property
    def begins_at(self) -> datetime:
        """Where it begins as far as is probable; else where it may begin."""
        found: datetime = self.probably_from if self.is_probable else self.started_at
        return found
