"""What members decide about tracks that are one recording."""

from peewee import BigIntegerField, BooleanField, CompositeKey, ForeignKeyField, IntegerField, Model


def up(migrator, db):
    class User(Model):
        class Meta:
            database = db
            table_name = "users"

    class RecordingChoice(Model):
        user = ForeignKeyField(User, on_delete="CASCADE")
        track = IntegerField()
        other = IntegerField()
        together = BooleanField()
        decided_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "recording_choices"
            primary_key = CompositeKey("user", "track", "other")

    db.create_tables([RecordingChoice])
