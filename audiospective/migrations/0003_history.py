"""The tables of the long memory: segments, tombstones, and the ledger of what they cost."""

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class Segment(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        year = SmallIntegerField()
        format = SmallIntegerField()
        plays = IntegerField()
        first_at = BigIntegerField()
        last_at = BigIntegerField()
        size = IntegerField()
        sha256 = TextField()
        sealed_at = BigIntegerField()
        blob = BlobField()

    class PlaySegment(Segment):
        class Meta:
            table_name = "play_segments"
            primary_key = CompositeKey("user", "year")

    class DamagedSegment(Segment):
        user = ForeignKeyField(User, on_delete="CASCADE")
        reason = TextField()
        found_at = BigIntegerField()

        class Meta:
            table_name = "damaged_segments"

    class RemovedPlay(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        played_at = BigIntegerField()
        track = IntegerField()
        removed_at = BigIntegerField(index=True)
        kept = TextField(null=True)

        class Meta:
            table_name = "removed_plays"
            primary_key = CompositeKey("user", "played_at", "track")

    class StorageRecord(Base):
        day = TextField(primary_key=True)
        measured_at = BigIntegerField()
        size = BigIntegerField()
        members = IntegerField()
        hot = BigIntegerField()
        sealed = BigIntegerField()
        segments_size = BigIntegerField()
        warned = SmallIntegerField()
        tables = TextField()

        class Meta:
            table_name = "storage_ledger"

    class CatalogVersion(Base):
        version = IntegerField()

        class Meta:
            table_name = "catalog_version"

    db.create_tables([PlaySegment, DamagedSegment, RemovedPlay, StorageRecord, CatalogVersion])
    CatalogVersion.create(id=1, version=0)
    # The primary key begins with the track, so this index was dead weight.
    db.execute_sql("DROP INDEX IF EXISTS trackartist_track_id")
    db.execute_sql("ALTER TABLE tracks ADD COLUMN facts BIGINT")
    # An import that named no ids is found by name.
    for table in ("artists", "albums", "tracks"):
        db.execute_sql(
            f"CREATE INDEX {table}_without_id ON {table} (name) WHERE spotify_id IS NULL"
        )
    if "sqlite" not in type(db).__name__.lower():
        for table in ("play_segments", "damaged_segments"):
            # The files are compressed already: trying again would cost time and save nothing.
            db.execute_sql(f"ALTER TABLE {table} ALTER COLUMN blob SET STORAGE EXTERNAL")
