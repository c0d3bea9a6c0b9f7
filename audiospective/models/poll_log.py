"""The log of polls: what each one found, for the person's own health page; kept for days."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from peewee import CompositeKey, ForeignKeyField, IntegerField, SmallIntegerField, TextField

from audiospective import clock
from audiospective.models.base import InstantField, Row, database, placeholder
from audiospective.models.users import User

TOGETHER = timedelta(milliseconds=10)  # polls of one instant stand within this
_MOST = 32_767  # that a column can count; an absurd page must not cost its plays


class PollLog(Row):
    """One poll. `outcome` is "ok", "empty", "undated" or a failure type in lower case."""

    user = ForeignKeyField(User, on_delete="CASCADE", backref="poll_log")
    at = InstantField()
    outcome = TextField()
    offered = SmallIntegerField(default=0)  # items on the page
    added = SmallIntegerField(default=0)  # plays that were new
    took_ms = IntegerField(default=0)
    tries = SmallIntegerField(default=1)

    class Meta:
        table_name = "poll_log"
        primary_key = CompositeKey("user", "at")

    @classmethod
    def note(
        cls,
        user_id: int,
        at: datetime,
        outcome: str,
        *,
        offered: int,
        added: int,
        took_ms: int,
        tries: int,
    ) -> None:
        """Add one line, with a constant statement, in the transaction that settles the poll.

        An instant comes again where our clock was set back: the line then stands a millisecond
        later, or where the next one is free, so that neither poll's outcome is lost.
        """
        marks = ", ".join([placeholder()] * 7)
        counted = (min(offered, _MOST), min(added, _MOST), took_ms, min(tries, _MOST))
        for ms in count(clock.to_ms(at)):
            done = database.execute_sql(
                "INSERT INTO poll_log (user_id, at, outcome, offered, added, took_ms, tries) "  # noqa: S608
                f"VALUES ({marks}) ON CONFLICT DO NOTHING",
                (user_id, ms, outcome, *counted),
            )
            if done.rowcount:
                return

    @classmethod
    def of(cls, user_id: int, at: datetime) -> PollLog | None:
        """The line of the poll that was made at `at`, the last one if there were several."""
        near = (cls.at >= at) & (cls.at < at + TOGETHER)
        found: PollLog | None = (
            cls.select().where((cls.user == user_id) & near).order_by(cls.at.desc()).first()
        )
        return found
