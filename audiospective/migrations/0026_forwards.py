"""Where new plays are sent on to, and which ones were."""

from peewee import (
    BigIntegerField,
    BooleanField,
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

    class Forward(Base):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        root = TextField()
        token_sealed = TextField()
        since = BigIntegerField()
        players = BooleanField()
        next_at = BigIntegerField(index=True)
        past_at = BigIntegerField(null=True)
        past_track = IntegerField(null=True)
        sent = IntegerField()
        rejected = IntegerField()
        sent_at = BigIntegerField(null=True)
        failures = SmallIntegerField()
        failing_since = BigIntegerField(null=True)
        refused = BooleanField()
        error = TextField(null=True)

        class Meta:
            table_name = "forwards"

    class ForwardedPlay(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        played_at = BigIntegerField()
        track = IntegerField(column_name="track_id")

        class Meta:
            table_name = "forwarded_plays"
            primary_key = CompositeKey("user", "played_at", "track")

    db.create_tables([Forward, ForwardedPlay])
