"""Connections: one per person, everything that a poll reads and writes."""

from __future__ import annotations

from peewee import FloatField, ForeignKeyField, IntegerField, SmallIntegerField, TextField

from audiospective.models.apps import SpotifyApp
from audiospective.models.base import LONG_AGO, InstantField, Row
from audiospective.models.users import User

ACTIVE = "active"
PAUSED = "paused"
NEEDS_REAUTH = "needs_reauth"
NOT_ALLOWED = "not_allowed"
DISCONNECTED = "disconnected"


class Connection(Row):
    """The consent of one person, its tokens, and where polling stands.

    A lease (`lease_until`, database clock) says that a worker is at it; `fence` rises with every
    claim, and whoever writes with an old fence writes nothing.
    """

    user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE", backref="connection")
    app = ForeignKeyField(SpotifyApp, backref="connections")
    status = TextField(default=ACTIVE)
    scope = TextField(default="")
    access_encrypted = TextField(default="", column_name="access_sealed")
    access_expires_at = InstantField(default=LONG_AGO)
    refresh_encrypted = TextField(default="", column_name="refresh_sealed")
    authorized_at = InstantField()
    first_authorized_at = InstantField(null=True)  # where a consent before it saw no page
    reauth_due_at = InstantField()

    next_poll_at = InstantField(index=True)  # never null: nulls would sort last and starve
    lease_until = InstantField(default=LONG_AGO)
    fence = IntegerField(default=0)
    unfinished_claims = SmallIntegerField(default=0)  # claims whose worker never reported back

    last_polled_at = InstantField(null=True)
    last_success_at = InstantField(null=True)
    page_from = InstantField(null=True)  # the oldest item of the last page; null: it was empty
    newest_play_at = InstantField(null=True)
    plays_per_hour = FloatField(default=0)
    empty_pages = SmallIntegerField(default=0)  # in a row, though this person had plays before
    plays_archived = IntegerField(default=0)  # by polling; the archive itself knows the total

    consecutive_failures = IntegerField(default=0)
    last_failure_type = TextField(null=True)
    last_failed_at = InstantField(null=True)
    circuit_open_until = InstantField(default=LONG_AGO)

    detached_account = TextField(null=True)  # a mark of the Spotify account that was taken away

    class Meta:
        table_name = "connections"


# The vault's places of a connection's tokens; the owner is the user's id.
ACCESS_PLACE = "connections.access"
REFRESH_PLACE = "connections.refresh"
