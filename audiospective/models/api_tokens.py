"""API tokens: what a program shows to read an archive, or to add plays to it."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class ApiToken(Row):
    """Only the hash is kept: whoever reads this table can open nothing.

    `prefix` are the first characters, by which its owner tells one from another; `scopes` are names
    of policy.api_scopes, with blanks between them.
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", backref="api_tokens")
    name = TextField()
    token_sha256 = TextField(unique=True)
    prefix = TextField()
    scopes = TextField()
    created_at = InstantField()
    expires_at = InstantField(index=True)
    used_at = InstantField(null=True)

    class Meta:
        table_name = "api_tokens"

    @property
    def allows(self) -> frozenset[str]:
        """The names of what it allows."""
        return frozenset(str(self.scopes).split())
