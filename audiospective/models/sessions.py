"""Sessions: one row for each browser that is signed in, so that ending one ends its copies."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Session(Row):
    """The browser's cookie holds the key; the row keeps its hash and never the key itself."""

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="sessions")
    key_hash = TextField(unique=True)
    begun_at = InstantField()
    proven_at = InstantField()  # the last sign-in or confirmation
    seen_at = InstantField()  # to the hour
    way = TextField()  # how it was proven: spotify or email
    device = TextField()  # browser and system, as the browser says

    class Meta:
        table_name = "sessions"


class SettledCallback(Row):
    """A visit to Spotify that has come back: the browser that repeats it is not refused.

    `user` is empty while it is being settled, and stays so if it signed nobody in.
    """

    state_hash = TextField(primary_key=True)
    claimed_at = InstantField()
    user = ForeignKeyField(User, null=True, on_delete="CASCADE", index=False)
    next_path = TextField(default="")

    class Meta:
        table_name = "settled_callbacks"
