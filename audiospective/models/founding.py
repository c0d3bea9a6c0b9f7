"""The register of members: the last founding number given, and ids that stay nobody's."""

from __future__ import annotations

from peewee import IntegerField, fn

from audiospective.models import dialects
from audiospective.models.base import Row
from audiospective.models.dialects import locked
from audiospective.models.users import User

ONLY = 1  # the register has one row, made by the migration


class FoundingRegister(Row):
    """High-water marks: they do not fall when members delete their accounts."""

    id = IntegerField(primary_key=True)
    last_number = IntegerField(default=0)
    last_member = IntegerField(default=0)  # the highest id of a user who left

    class Meta:
        table_name = "founding_register"

    @classmethod
    def locked(cls) -> FoundingRegister:
        """The register, held by this transaction until it ends; sign-ups take turns here."""
        query = cls.select().where(cls.id == ONLY)
        row: FoundingRegister = locked(query).get()
        return row

    @classmethod
    def free_id(cls) -> int | None:
        """An id for a new user that nobody has had; None where the database sees to that itself.

        SQLite gives the highest id again once its row is gone, and with it every link and file
        that names the id. The caller holds the transaction.
        """
        if dialects.file() is None:
            return None
        left = cls.select(cls.last_member).where(cls.id == ONLY).scalar()
        return max(left or 0, User.select(fn.MAX(User.id)).scalar() or 0) + 1

    @classmethod
    def note_left(cls, user_id: int) -> None:
        """Keep the id of a user who leaves from being given again."""
        cls.update(last_member=user_id).where(
            (cls.id == ONLY) & (cls.last_member < user_id)
        ).execute()

    @classmethod
    def taken(cls) -> int:
        """How many founding numbers have been given, deleted accounts included."""
        (number,) = cls.select(cls.last_number).where(cls.id == ONLY).tuples().get()
        return int(number)
