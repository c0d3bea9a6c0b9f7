"""Coverage: the stretches of time in which nothing was missed."""

from __future__ import annotations

from datetime import datetime

from peewee import CompositeKey, ForeignKeyField

from audiospective.models import dialects
from audiospective.models.base import InstantField, Prepared, Row, given
from audiospective.models.users import User


class Coverage(Row):
    """One complete stretch; a person without gaps has one row.

    `ended_at` is null for the stretch that is still growing: it reaches to the connection's
    `last_success_at`, so that an ordinary poll has nothing to write here.
    """

    user = ForeignKeyField(User, on_delete="CASCADE", backref="coverage")
    started_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        table_name = "coverage"
        primary_key = CompositeKey("user", "started_at")

    @classmethod
    def hold(cls, user_id: int) -> None:
        """Keep somebody's stretches for the caller's transaction, before it writes their gaps.

        A check takes no lock of the archive, and both it and an import write of both tables: in
        another order each could wait for the other.
        """
        mine = cls.select(cls.started_at).where(cls.user == user_id)
        list(dialects.locked(mine.order_by(cls.started_at)).tuples())

    @classmethod
    def begin(cls, user_id: int, at: datetime) -> None:
        """A stretch that grows from `at` on."""
        cls.insert(user=user_id, started_at=at).on_conflict_ignore().execute()

    @classmethod
    def cut(cls, user_id: int, start: datetime, end: datetime) -> None:
        """Take the time from `start` to `end` out of whatever covers it."""
        reaching = cls.ended_at.is_null() | (cls.ended_at > start)
        query = cls.select().where((cls.user == user_id) & (cls.started_at < end) & reaching)
        for one in list(query) if start < end else ():
            if one.started_at < start:
                one.write(one.started_at, start)
            else:
                cls.delete().where(
                    (cls.user == user_id) & (cls.started_at == one.started_at)
                ).execute()
            if one.ended_at is None or one.ended_at > end:
                rest = cls.insert(user=user_id, started_at=end, ended_at=one.ended_at)
                rest.on_conflict_ignore().execute()

    @classmethod
    def end(cls, user_id: int, at: datetime) -> None:
        """The growing stretch, if there is one, is complete up to `at` and grows no more."""
        growing = (cls.user == user_id) & cls.ended_at.is_null()
        cls.update(ended_at=at).where(growing & (cls.started_at < at)).execute()
        cls.delete().where(growing).execute()  # it began after `at`: nothing of it is left

    @classmethod
    def newest(cls, user_id: int) -> Coverage | None:
        """The stretch that reaches furthest, or None before the first success."""
        return next(iter(_NEWEST.run(user_id=user_id)), None)

    @classmethod
    def first(cls, user_id: int) -> Coverage | None:
        """Where coverage begins, or None before the first success."""
        found: Coverage | None = (
            cls.select().where(cls.user == user_id).order_by(cls.started_at).first()
        )
        return found

    def write(self, started_at: datetime, ended_at: datetime | None) -> None:
        """Change the stretch's ends; rows have no key but their start."""
        cls = type(self)
        cls.update(started_at=started_at, ended_at=ended_at).where(
            (cls.user == self.__data__["user"]) & (cls.started_at == self.started_at)
        ).execute()


_NEWEST = Prepared(
    Coverage,
    lambda _now: (
        Coverage.select()
        .where(Coverage.user == given("user_id"))
        .order_by(Coverage.started_at.desc())
        .limit(1)
    ),
)
