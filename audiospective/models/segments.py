"""Segments: everything older than the hot tail, one Parquet file per person and UTC year."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User


class PlaySegment(Row):
    """A year of plays (docs/archive-format.md); what stands beside the file says what it holds.

    `first_at` and `last_at` are the `played_at` of its first and last play, in milliseconds.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    year = SmallIntegerField()  # of UTC
    format = SmallIntegerField()
    plays = IntegerField()
    first_at = BigIntegerField()
    last_at = BigIntegerField()
    size = IntegerField()  # bytes of `blob`, known without reading it
    sha256 = TextField()
    sealed_at = InstantField()
    blob = BlobField()  # empty: its bytes stand in storage under `object` alone
    object = TextField(null=True)

    class Meta:
        table_name = "play_segments"
        primary_key = CompositeKey("user", "year")


class DamagedSegment(Row):
    """A segment that cannot be trusted, kept as it was found; it is never read in part.

    It stands aside so that its year can go on. `verify` takes it back once it is whole again.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    year = SmallIntegerField()
    format = SmallIntegerField()
    plays = IntegerField()
    first_at = BigIntegerField()
    last_at = BigIntegerField()
    size = IntegerField()
    sha256 = TextField()
    sealed_at = InstantField()
    blob = BlobField()
    reason = TextField()
    found_at = InstantField()

    class Meta:
        table_name = "damaged_segments"


class UnusedObject(Row):
    """An object of storage to which no segment refers; it goes some time after it was found."""

    key = TextField(primary_key=True)
    found_at = InstantField()

    class Meta:
        table_name = "unused_objects"
