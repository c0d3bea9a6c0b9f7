"""Shared links: who holds one may see one report, or the profile, of a member."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class SharedLink(Row):
    """Only the hash of its token is kept: whoever reads this table can open nothing.

    `subject` is the address of a report, or accounts.shares.PROFILE. `zone` is the member's when it
    was made, so that no visitor's clock moves a play to another day.
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="shared_links")
    token_sha256 = TextField(unique=True)
    subject = TextField()
    zone = TextField()
    created_at = InstantField()
    expires_at = InstantField(index=True)

    class Meta:
        table_name = "shared_links"
