"""Marks: single instants that the whole installation must remember through a Redis flush."""

from __future__ import annotations

from peewee import TextField

from audiospective.models.base import InstantField, Row


class Mark(Row):
    """A named instant with a note, such as until when no letter may go out."""

    name = TextField(primary_key=True)
    at = InstantField()
    note = TextField(default="")

    class Meta:
        table_name = "marks"
