"""Addresses that somebody has typed and not proven yet, and former ones that can be restored."""

from __future__ import annotations

from peewee import AutoField, ForeignKeyField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.sessions import Session
from audiospective.models.users import User


class AddressProof(Row):
    """An address on its way to a member; the link in its e-mail works in one session only.

    The row goes with the session. Without a session it is a former address, which its owner may
    take back.
    """

    id = AutoField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    session = ForeignKeyField(Session, null=True, on_delete="CASCADE")
    email = TextField()  # normalized
    token_hash = TextField(unique=True)
    created_at = InstantField()
    expires_at = InstantField()

    class Meta:
        table_name = "address_proofs"
