"""What operators did on their pages, so that it can be looked up who changed what."""

from __future__ import annotations

from datetime import datetime

from peewee import AutoField, IntegerField, TextField

from audiospective.models.base import InstantField, Row


class OperatorAction(Row):
    """One button that was pressed; `what` holds ids and names of ours, nothing personal."""

    id = AutoField()
    at = InstantField(index=True)
    operator = IntegerField()  # the number of a member; it outlives the account
    action = TextField()
    what = TextField(default="")

    class Meta:
        table_name = "operator_actions"

    @classmethod
    def forget(cls, before: datetime) -> int:
        """Drop what is older; how many rows that were."""
        return int(cls.delete().where(cls.at < before).execute())
