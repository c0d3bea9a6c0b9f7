"""Counters: sums by the hour, so that figures survive restarts and Redis."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, TextField

from audiospective.models.base import InstantField, Row


class Counter(Row):
    """How often (or how much) of `name` there was in the UTC hour that begins at `hour`."""

    hour = InstantField()
    name = TextField()
    value = BigIntegerField(default=0)

    class Meta:
        table_name = "counters"
        primary_key = CompositeKey("hour", "name")
