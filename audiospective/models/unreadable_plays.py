"""What Spotify offered and could not be read."""

from __future__ import annotations

import json
from datetime import datetime

from peewee import (
    BigIntegerField,
    CompositeKey,
    ForeignKeyField,
    TextField,
)

from audiospective import clock
from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class UnreadablePlay(Row):
    """An item that Spotify offered and that fits no play; kept as it came, so nothing is lost."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    digest = TextField()  # sha256 of the item: the same item in the next page is not kept again
    reason = TextField()
    item = TextField()  # JSON
    played_at = BigIntegerField(null=True)  # null: it has no valid time
    seen_at = InstantField()

    class Meta:
        table_name = "unreadable_plays"
        primary_key = CompositeKey("user", "digest")
        indexes = ((("user", "played_at"), False),)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, None if it has no valid time."""
        return None if self.played_at is None else clock.from_ms(int(self.played_at))

    @property
    def name(self) -> str:
        """What the item calls its track, "" if it does not."""
        try:
            track = json.loads(str(self.item))["track"]
            return str(track.get("name") or "")[:200]
        except (ValueError, TypeError, KeyError, AttributeError):
            return ""
