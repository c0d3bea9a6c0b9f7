"""The storage ledger: how large the archive was, one row a day."""

from __future__ import annotations

from peewee import BigIntegerField, IntegerField, SmallIntegerField, TextField

from audiospective.models.base import InstantField, Row


class StorageRecord(Row):
    """One day's measurement; `tables` is JSON, bytes by table with indexes."""

    day = TextField(primary_key=True)  # ISO date, UTC
    measured_at = InstantField()
    size = BigIntegerField()  # bytes of the whole database
    members = IntegerField()
    hot = BigIntegerField()  # plays in rows
    sealed = BigIntegerField()  # plays in segments
    tracks = BigIntegerField(null=True)  # of the catalog; not known on the oldest days
    segments_size = BigIntegerField()  # bytes of all segment files
    warned = SmallIntegerField()  # the highest share of the budget told to the operator, percent
    tables = TextField()

    class Meta:
        table_name = "storage_ledger"
