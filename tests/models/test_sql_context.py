"""The texts of statements are Peewee's own, and every kind of database makes them the short way."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum

import peewee
import pytest
from peewee import EXCLUDED, fn

from audiospective import models
from audiospective.models import Connection, User
from audiospective.models.marks import Mark
from audiospective.models.notices import Notice
from audiospective.models.sql_context import QuickContext


class One(IntEnum):
    FIRST = 1


OTHER = User.alias("other")
SHORT = User.alias()
IN_USE = Connection.select(Connection.user).where(Connection.status == "active")

STATEMENTS = {
    "a join": Connection.select(Connection, User).join(User).order_by(Connection.user.desc()),
    "a table twice": User.select(User.id, OTHER.id).join(OTHER, on=(OTHER.id > User.id)),
    "an alias of Peewee's": SHORT.select(SHORT.email).where(SHORT.id == 3),
    "a query in a condition": Notice.select(Notice.id).where(Notice.user.in_(IN_USE)),
    "a query that looks at the outer one": User.select().where(
        fn.EXISTS(Notice.select().where(Notice.user == User.id)) & ~(User.id == 4)
    ),
    "a name for a figure": Notice.select(Notice.kind, fn.COUNT(Notice.id).alias("n"))
    .group_by(Notice.kind)
    .having(fn.COUNT(Notice.id) > 1),
    "a union": User.select(User.id) | Connection.select(Connection.user),
    "a query that has a name": IN_USE.cte("used").select_from(fn.MAX(User.id)),
    "a change": User.update(minute_offset=User.minute_offset + 1).where(User.id == 5),
    "a removal": Mark.delete().where(Mark.name.startswith("guard:")),
    "a row that may be there": Mark.insert(name="a", at=1).on_conflict(
        conflict_target=[Mark.name], update={Mark.at: EXCLUDED.at}, where=(Mark.at < 7)
    ),
    "values that a column makes of others": Connection.select(Connection.user).where(
        (Connection.next_poll_at < datetime(2026, 3, 1, tzinfo=UTC))
        & (Connection.user.in_([True, 2, 3.5, None, b"4", One.FIRST]))
    ),
    "a value that is a part of a statement": User.select(User.id).where(
        User.id == peewee.Value(User.minute_offset)
    ),
    "a value that no column makes another of": Connection.select(Connection.user).where(
        Connection.next_poll_at == peewee.Value(7, converter=False)
    ),
    "a value with a column's own": User.select(peewee.Value(8, converter=str)),
    "a table as a value": User.select(fn.COUNT(User)),
    "rows with an answer": Mark.insert_many([{"name": "a", "at": 1}]).returning(Mark.name),
}


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("url", ["sqlite:///:memory:", "postgresql://nowhere/archive"])
@pytest.mark.parametrize("pooled", [False, True])
def test_a_text_is_what_peewee_makes_of_it(statement: str, url: str, pooled: bool) -> None:
    chosen = models.bind(url, pooled=pooled)
    assert isinstance(chosen.get_sql_context(), QuickContext)
    asked = STATEMENTS[statement]
    own = peewee.Context(**chosen.get_context_options()).sql(asked).query()
    assert chosen.get_sql_context().sql(asked).query() == own
    assert own[0].count('"') > 1


def test_a_mark_of_quotation_in_a_name_is_doubled() -> None:
    class Odd(peewee.Model):
        value = peewee.IntegerField(column_name='va"lue')

        class Meta:
            database = peewee.SqliteDatabase(None)
            schema = "aside"

    for asked in (Odd.select().where(Odd.value == 1), Odd.insert(value=1)):
        plain, quick = peewee.Context(), QuickContext()
        assert quick.sql(asked).query() == plain.sql(asked).query()


def test_values_may_be_asked_for_within_the_text() -> None:
    """As Peewee makes an index with a condition and a column with a default."""
    asked = User.select(User.id).where((User.minute_offset > 7) & (User.email != "it's"))
    plain, quick = peewee.Context(value_literals=True), QuickContext(value_literals=True)
    assert quick.sql(asked).query() == plain.sql(asked).query()
    assert "> 7" in quick.query()[0]
