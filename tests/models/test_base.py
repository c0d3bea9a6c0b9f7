"""Queries whose text is made once, on both databases."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.base import Prepared, given, given_list
from tests.factories import connected


def test_each_run_has_values_of_its_own(services, frozen):
    early = connected(services, "alice", next_poll_at=frozen.now)
    late = connected(services, "bob", next_poll_at=frozen.now + timedelta(hours=1))
    made = []

    def build(_now):
        made.append(1)
        return (
            Connection.select()
            .where(Connection.user.in_(given_list("people")))
            .where(Connection.next_poll_at <= given("before"))
            .order_by(Connection.user)
        )

    query = Prepared(Connection, build)
    both = [early.user_id, late.user_id]

    def found(people, before):
        return [one.user_id for one in query.run(people=people, before=before)]

    assert found(both, frozen.now) == [early.user_id]
    assert found(both, frozen.now + timedelta(hours=1)) == both
    assert found([late.user_id], frozen.now + timedelta(hours=1)) == [late.user_id]
    assert found([], frozen.now) == []
    assert len(made) == 1


def test_rows_are_those_of_the_query_itself(services):
    connected(services, "alice")
    query = Prepared(Connection, lambda _now: Connection.select())
    (row,), own = query.run(), Connection.get()
    assert row.__data__ == own.__data__
    assert not row.is_dirty()
    assert list(query.run().tuples()) == list(Connection.select().tuples())


def test_the_clock_is_that_of_each_run(services, frozen):
    due = connected(services, "alice", next_poll_at=frozen.now + timedelta(minutes=1))
    query = Prepared(
        Connection, lambda now: Connection.select().where(Connection.next_poll_at <= now)
    )
    assert list(query.run()) == []
    frozen.forward(minutes=1)
    assert [one.user_id for one in query.run()] == [due.user_id]


def test_without_a_virtual_clock_it_is_the_databases(services):
    late = connected(services, "alice", next_poll_at=clock.now() - timedelta(minutes=1))
    connected(services, "bob", next_poll_at=clock.now() + timedelta(minutes=1))
    query = Prepared(
        Connection, lambda now: Connection.select().where(Connection.next_poll_at <= now)
    )
    assert [one.user_id for one in query.run()] == [late.user_id]
