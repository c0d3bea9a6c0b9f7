"""Tombstones: plays that their owner deleted and that must not come back."""

from __future__ import annotations

import orjson
from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.plays import FROM_POLL
from audiospective.models.users import User
from audiospective.policy.timing import Timing

_ENDS = (None, int(Timing.END), int(Timing.END_SECOND))


class RemovedPlay(Row):
    """One deleted play: its key for ever, its other columns as JSON while it can be undone.

    After that only who told of its time and what that is, unless it is an end that a poll told.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    played_at = BigIntegerField()
    track = IntegerField()
    removed_at = InstantField(index=True)
    kept = TextField(null=True)  # see history.removal: `whole` and `left`

    class Meta:
        table_name = "removed_plays"
        primary_key = CompositeKey("user", "played_at", "track")


def is_an_end(kept: str | None) -> bool:
    """Whether a deleted play stands where it ended, to the second, by what is kept of it.

    Of others only a file told, by a beginning or a minute: no check tells that instant.
    """
    told = orjson.loads(kept) if kept else {}
    by_a_poll = not told.get("source") or bool(told["source"] & FROM_POLL)
    return by_a_poll or told.get("timing") in _ENDS
