"""Tombstones: plays that their owner deleted and that must not come back."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class RemovedPlay(Row):
    """One deleted play: its key for ever, its other columns as JSON while it can be undone.

    After that only who told of its time and what that is, unless it is an end that a poll told.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    played_at = BigIntegerField()
    track = IntegerField()
    removed_at = InstantField(index=True)
    kept = TextField(null=True)  # see history.removal: `whole` and `left`

    class Meta:
        table_name = "removed_plays"
        primary_key = CompositeKey("user", "played_at", "track")
