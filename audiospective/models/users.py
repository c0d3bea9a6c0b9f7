"""People who keep an archive here."""

from __future__ import annotations

import json
from typing import Any

from peewee import BooleanField, IntegerField, SmallIntegerField, TextField

from audiospective.models import dialects
from audiospective.models.base import InstantField, Row, json_object, transaction


class SignedOutError(Exception):
    """A member signed out everywhere while a request of theirs was under way."""


class User(Row):
    """One person; without a Spotify id, a member who only imports."""

    spotify_account_id = TextField(unique=True, null=True)  # /me: account_id, else id
    spotify_id = TextField(null=True)
    display_name = TextField(null=True)
    email = TextField(null=True, index=True)  # typed by the person, Spotify's is never trusted
    email_verified_at = InstantField(null=True)
    timezone = TextField(default="UTC")
    tier = TextField(default="free")
    founding_number = IntegerField(unique=True, null=True)
    minute_offset = SmallIntegerField()  # where in the hour this person's polls stand, 0-59
    preferences = TextField(default="{}")  # a JSON object
    week_start = SmallIntegerField(default=1)  # this and the next three: policy.preferences
    counting_rule = TextField(default="all")
    counting_measure = TextField(default="plays")
    theme = TextField(default="system")
    is_operator = BooleanField(default=False)
    session_key = TextField()  # random; what a session names, changed to revoke all
    created_at = InstantField()

    class Meta:
        table_name = "users"

    @property
    def wishes(self) -> dict[str, Any]:
        """The preferences as a dictionary; a row that cannot be read counts as none."""
        return json_object(self.preferences)

    def still_signed_in(self, *, changes_account: bool = False) -> None:
        """Raises SignedOutError if they signed out everywhere since this row was read.

        What is made in the same transaction ends with the sessions if they do it afterwards.
        Meanwhile others may write rows of theirs: a round may hold one that is changed here next.
        Not so with `changes_account`: the Spotify account is written next, which is indexed, and so
        would wait for them while they wait for this transaction.
        """
        same = (User.id == self.id) & (User.session_key == self.session_key)
        query = User.select(User.id).where(same)
        if dialects.locked(query, referable=not changes_account).first() is None:
            raise SignedOutError

    @classmethod
    def wish(cls, user_id: int, **changes: Any) -> bool:
        """Change some of the preferences and no others; False if there is no such person."""
        with transaction():
            query = cls.select(cls.id, cls.preferences).where(cls.id == user_id)
            found = dialects.locked(query).first()
            if found is None:
                return False
            kept = json.dumps({**found.wishes, **changes})
            cls.update(preferences=kept).where(cls.id == user_id).execute()
        return True
