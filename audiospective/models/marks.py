"""Marks: single instants that the whole installation must remember through a Redis flush."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from peewee import EXCLUDED, TextField, fn

from audiospective.models.base import InstantField, Prepared, Row, given


class Mark(Row):
    """A named instant with a note, such as until when no e-mail may go out."""

    name = TextField(primary_key=True)
    at = InstantField()
    note = TextField(default="")

    class Meta:
        table_name = "marks"

    @property
    def noted(self) -> dict[str, Any]:
        """The note as an object of JSON; empty where it is none, as another release may have it."""
        try:
            found = json.loads(self.note or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @classmethod
    def put(cls, name: str, at: datetime, note: str = "") -> None:
        """Set the mark, whether or not it was there."""
        cls.insert(name=name, at=at, note=note).on_conflict(
            conflict_target=[cls.name], update={cls.at: EXCLUDED.at, cls.note: EXCLUDED.note}
        ).execute()

    @classmethod
    def keep(cls, name: str, at: datetime, note: str = "") -> None:
        """Set the mark at `at` unless it stands already; the note is written in any case."""
        cls.insert(name=name, at=at, note=note).on_conflict(
            conflict_target=[cls.name], update={cls.note: EXCLUDED.note}
        ).execute()

    @classmethod
    def at_of(cls, name: str) -> datetime | None:
        """When the mark stands at, or None."""
        return next((mark.at for mark in _OF.run(name=name)), None)

    @classmethod
    def named(cls, prefix: str) -> list[Mark]:
        """All marks whose names begin like this, by name."""
        return list(_NAMED.run(prefix=prefix, length=len(prefix)))

    @classmethod
    def drop(cls, name: str) -> bool:
        """Take the mark away; False if there was none."""
        return bool(cls.delete().where(cls.name == name).execute())

    @classmethod
    def advance(cls, name: str, before: datetime | None, at: datetime) -> bool:
        """Move the mark from `before` to `at`; False when another process was quicker."""
        if before is None:
            made = cls.insert(name=name, at=at).on_conflict_ignore().returning(cls.name).execute()
            return bool(list(made))
        moved = cls.update(at=at).where((cls.name == name) & (cls.at == before)).execute()
        return bool(moved)


_OF = Prepared(Mark, lambda _now: Mark.select().where(Mark.name == given("name")))
_NAMED = Prepared(
    Mark,
    lambda _now: (
        Mark.select()
        .where(fn.SUBSTR(Mark.name, 1, given("length")) == given("prefix"))
        .order_by(Mark.name)
    ),
)
