"""Deletions that members asked for: when they are due, and how far they are."""

from __future__ import annotations

from peewee import ForeignKeyField, IntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class Deletion(Row):
    """The end of one account; the row goes with it.

    Until `begun_at` the member may change their mind. From then on nobody can sign in to the
    account, and `receipt_to` is all that is left of the address.
    """

    user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE", backref="deletion")
    asked_at = InstantField()
    due_at = InstantField()
    begun_at = InstantField(null=True)
    receipt_to = TextField(null=True)
    plays = IntegerField(default=0)  # that were in the archive, for the receipt

    class Meta:
        table_name = "deletions"
