"""Spotify apps: whose client id a connection uses, and whether Spotify lets it call."""

from __future__ import annotations

from peewee import ForeignKeyField, IntegerField, TextField

from audiospective.models.base import LONG_AGO, InstantField, Prepared, Row, given_list
from audiospective.models.users import User

ENVIRONMENT_APP = 1  # the row of the app that the operator's environment names


class SpotifyApp(Row):
    """A client id with its seats; limits and blocks are Spotify's per app, never per user."""

    owner = ForeignKeyField(User, null=True, on_delete="CASCADE", backref="apps")
    client_id = TextField(unique=True)
    secret_encrypted = TextField(column_name="secret_sealed")
    mode = TextField(default="development")
    seats = IntegerField(null=True)  # null: no limit
    blocked_until = InstantField(default=LONG_AGO)
    blocked_at = InstantField(null=True)  # when that was decided
    block_reason = TextField(null=True)
    created_at = InstantField()

    class Meta:
        table_name = "spotify_apps"


# By `app_ids`.
BY_IDS = Prepared(
    SpotifyApp, lambda _now: SpotifyApp.select().where(SpotifyApp.id.in_(given_list("app_ids")))
)

# The vault's place of an app's secret; the owner is the app's id.
SECRET_PLACE = "spotify_apps.secret"  # noqa: S105 - the name of a place
