"""Artists that a member keeps out of figures; their plays stay in the archive."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField, IntegerField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class HiddenArtist(Row):
    """`artist` is an id of the catalog."""

    user = ForeignKeyField(User, on_delete="CASCADE", backref="hidden_artists")
    artist = IntegerField()
    hidden_at = InstantField()

    class Meta:
        table_name = "hidden_artists"
        primary_key = CompositeKey("user", "artist")
