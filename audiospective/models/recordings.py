"""What members decided about tracks that are, or are not, one recording."""

from __future__ import annotations

from peewee import BooleanField, CompositeKey, ForeignKeyField, IntegerField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class RecordingChoice(Row):
    """`track` counts as `other` (`together`), or the two are different recordings."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    track = IntegerField()
    other = IntegerField()
    together = BooleanField()
    decided_at = InstantField()

    class Meta:
        table_name = "recording_choices"
        primary_key = CompositeKey("user", "track", "other")
