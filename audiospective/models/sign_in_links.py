"""Links by which an address alone signs in; each works once."""

from __future__ import annotations

from peewee import TextField

from audiospective.models.base import InstantField, Row


class SignInLink(Row):
    """Only the token's hash is here; the token itself is in one e-mail."""

    token_hash = TextField(primary_key=True)
    email = TextField(index=True)  # normalized
    next_path = TextField(default="")
    created_at = InstantField()
    expires_at = InstantField()
    used_at = InstantField(null=True)

    class Meta:
        table_name = "sign_in_links"
