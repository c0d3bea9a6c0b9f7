"""How a statement's text is made: as Peewee does it, with a shorter way for its columns.

Half of the time in which Peewee makes a text goes into the columns in it: for each it makes a
column, two entities and a state. A round of maintenance makes dozens of texts, a poll several.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from peewee import SCOPE_VALUES, Context, Field, PostgresqlDatabase, Table


class QuickContext(Context):
    """The same texts and values as Peewee's own."""

    __slots__ = ()

    def sql(self, obj: Any) -> Any:
        if not isinstance(obj, Field) or type(obj).__sql__ is not Field.__sql__:
            return super().sql(obj)
        name = _quoted(obj.column_name, self.state.quote)
        if self.state.scope == SCOPE_VALUES:
            return self.literal(name)
        table: Table = obj.model._meta.table
        aliases = self.alias_manager
        if table._alias:
            aliases[table] = table._alias
        return self.literal(f"{_quoted(aliases[table], self.state.quote)}.{name}")


class Postgres(PostgresqlDatabase):
    """Peewee's, with the shorter way."""

    context_class = QuickContext


@lru_cache(maxsize=2048)
def _quoted(name: str, marks: str | None) -> str:
    marks = marks or '""'
    return name.replace(marks[0], marks).join(marks)
