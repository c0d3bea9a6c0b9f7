"""The waitlist: addresses of people who want a place, and places held for them."""

from __future__ import annotations

from datetime import datetime

from peewee import Expression, ForeignKeyField, SmallIntegerField, TextField, fn

from audiospective.models.base import LONG_AGO, InstantField, Row
from audiospective.models.users import User
from audiospective.policy.founding import PLACE_HELD


class WaitlistEntry(Row):
    """One address. Unconfirmed until its owner pressed the button behind the e-mail's link.

    The token in e-mails is derived from `salt` with the server's secret; the row keeps its hash.
    A founding place is held for the entry until `place_until` (past: none is held); a seat from
    the invitation on, as long as that is good.
    """

    email = TextField(unique=True)  # normalized
    salt = TextField()
    token_hash = TextField(unique=True)
    reason = TextField(default="")  # why they could not come in, or nothing
    asks = SmallIntegerField(default=0)  # how often the form was sent with this address
    created_at = InstantField()
    confirmed_at = InstantField(null=True)
    place_until = InstantField(default=LONG_AGO)
    invited_at = InstantField(null=True)
    user = ForeignKeyField(User, null=True, on_delete="CASCADE", backref="waitlist_entries")

    class Meta:
        table_name = "waitlist"
        indexes = ((("confirmed_at",), False), (("place_until",), False))

    @classmethod
    def is_waiting(cls) -> Expression:
        """Confirmed, not invited, not a member yet."""
        return cls.confirmed_at.is_null(False) & cls.invited_at.is_null() & cls.user.is_null()

    @classmethod
    def held(cls, now: datetime) -> tuple[int, int]:
        """(founding places, seats) that are held at `now` for people who have not come yet."""
        count = cls.select(fn.COUNT(cls.id)).where(cls.user.is_null())
        return (
            int(count.where(cls.place_until > now).scalar()),
            int(count.where(cls.invited_at > now - PLACE_HELD).scalar()),
        )

    def position(self) -> int:
        """1 for the next to be invited; falls as others are, never rises."""
        assert self.confirmed_at is not None
        cls = type(self)
        earlier = (cls.confirmed_at < self.confirmed_at) | (
            (cls.confirmed_at == self.confirmed_at) & (cls.id < self.id)
        )
        count = cls.select(fn.COUNT(cls.id)).where(cls.is_waiting(), earlier).scalar()
        return int(count) + 1
