"""Refusals: who was turned away by Spotify lately, so that a mass failure is seen as one."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField, TextField

from audiospective.models.apps import SpotifyApp
from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Refusal(Row):
    """The refusals of one kind for one person; the key makes counting people, not calls."""

    app = ForeignKeyField(SpotifyApp, on_delete="CASCADE")
    kind = TextField()  # the failure type; behind it ".expected" where the consent was about to end
    user = ForeignKeyField(User, on_delete="CASCADE")
    first_at = InstantField()  # the first one since this person was last served
    at = InstantField()  # the latest one that counted

    class Meta:
        table_name = "refusals"
        primary_key = CompositeKey("app", "kind", "user")
