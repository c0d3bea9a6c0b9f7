"""Forwarding: where a member's new plays are sent on to, and which ones were."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User

# The vault's place of the token of the other server; the owner is the user's id.
TOKEN_PLACE = "forwards.token"  # noqa: S105 - a place, no secret


class Forward(Row):
    """One member's; `past_at` and `past_track` are how far back earlier plays were sent.

    `failing_since` is when the present failures began; it stays until everything that waited since
    then has been sent. While `refused` nothing is sent: the other
    server does not know the token.
    """

    user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE", backref="forward")
    root = TextField()
    token_encrypted = TextField(column_name="token_sealed")
    since = InstantField()
    players = BooleanField(default=False)
    next_at = InstantField(index=True)
    past_at = BigIntegerField(null=True)
    past_track = IntegerField(null=True)
    sent = IntegerField(default=0)
    rejected = IntegerField(default=0)
    sent_at = InstantField(null=True)
    failures = SmallIntegerField(default=0)
    failing_since = InstantField(null=True)
    refused = BooleanField(default=False)
    error = TextField(null=True)  # a sentence for the member

    class Meta:
        table_name = "forwards"


class ForwardedPlay(Row):
    """A play that needs not be sent again; kept as long as late plays are looked for."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    played_at = BigIntegerField()
    track = IntegerField(column_name="track_id")

    class Meta:
        table_name = "forwarded_plays"
        primary_key = CompositeKey("user", "played_at", "track")
