"""Coverage: the stretches of time in which nothing was missed."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Coverage(Row):
    """One complete stretch; a person without holes has one row.

    `ended_at` is null for the stretch that is still growing: it reaches to the connection's
    `last_success_at`, so that an ordinary poll has nothing to write here.
    """

    user = ForeignKeyField(User, on_delete="CASCADE", backref="coverage")
    started_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        table_name = "coverage"
        primary_key = CompositeKey("user", "started_at")
