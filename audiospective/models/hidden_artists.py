"""Artists that a member keeps out of figures; their plays stay in the archive."""

from __future__ import annotations

from collections.abc import Mapping

from peewee import CompositeKey, ForeignKeyField, IntegerField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User

AT_ONCE = 2_000  # ids a statement


class HiddenArtist(Row):
    """`artist` is an id of the catalog."""

    user = ForeignKeyField(User, on_delete="CASCADE", backref="hidden_artists")
    artist = IntegerField()
    hidden_at = InstantField()

    class Meta:
        table_name = "hidden_artists"
        primary_key = CompositeKey("user", "artist")

    @classmethod
    def follow(cls, targets: Mapping[int, int]) -> None:
        """Let rows name what their artists have given way to; inside the catalog's transaction."""
        gone = sorted(targets)
        found = [
            row
            for start in range(0, len(gone), AT_ONCE)
            for row in cls.select().where(cls.artist.in_(gone[start : start + AT_ONCE]))
        ]
        for row in found:
            cls.delete().where((cls.user == row.user_id) & (cls.artist == row.artist)).execute()
            cls.insert(
                user=row.user_id, artist=targets[row.artist], hidden_at=row.hidden_at
            ).on_conflict_ignore().execute()
