"""The register of founding members: the last number given, so that none is given twice."""

from __future__ import annotations

from peewee import IntegerField

from audiospective.models.base import Row
from audiospective.models.dialects import locked

ONLY = 1  # the register has one row, made by the migration


class FoundingRegister(Row):
    """A high-water mark: it does not fall when a founding member deletes their account."""

    id = IntegerField(primary_key=True)
    last_number = IntegerField(default=0)

    class Meta:
        table_name = "founding_register"

    @classmethod
    def locked(cls) -> FoundingRegister:
        """The register, held by this transaction until it ends; sign-ups take turns here."""
        query = cls.select().where(cls.id == ONLY)
        row: FoundingRegister = locked(query).get()
        return row

    @classmethod
    def taken(cls) -> int:
        """How many founding numbers have been given, deleted accounts included."""
        (number,) = cls.select(cls.last_number).where(cls.id == ONLY).tuples().get()
        return int(number)
