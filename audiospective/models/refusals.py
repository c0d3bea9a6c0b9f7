"""Refusals: who was turned away by Spotify lately, so that a mass failure is seen as one."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField, TextField

from audiospective.models.apps import SpotifyApp
from audiospective.models.base import InstantField, Row
from audiospective.models.users import User

# Behind the kind where the consent was about to end: kept, but no part of a mass failure.
EXPECTED = ".expected"


class Refusal(Row):
    """The refusals of one kind for one person; the key makes counting people, not calls."""

    app = ForeignKeyField(SpotifyApp, on_delete="CASCADE")
    kind = TextField()  # the failure type, and maybe EXPECTED
    user = ForeignKeyField(User, on_delete="CASCADE")
    first_at = InstantField()  # the first one since this person was last served
    at = InstantField()  # the latest one that counted

    class Meta:
        table_name = "refusals"
        primary_key = CompositeKey("app", "kind", "user")


def kinds_of(failure: str) -> tuple[str, str]:
    """Under which kinds refusals of a failure type stand, expected or not."""
    return failure, failure + EXPECTED
