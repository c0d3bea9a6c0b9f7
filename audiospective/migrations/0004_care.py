"""Coverage and gaps, the outbox, the log of polls, refusals, marks and counters."""

from peewee import (
    BigIntegerField,
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

    class SpotifyApp(Base):
        class Meta:
            table_name = "spotify_apps"

    class Notice(Base):
        key = TextField(unique=True)
        user = ForeignKeyField(User, null=True, on_delete="CASCADE")
        recipient = TextField()
        kind = TextField()
        episode = TextField()
        rung = SmallIntegerField()
        status = TextField()
        data_sealed = TextField()
        attempts = SmallIntegerField()
        next_attempt_at = BigIntegerField()
        lease_until = BigIntegerField()
        created_at = BigIntegerField()
        sent_at = BigIntegerField(null=True)
        provider_id = TextField(null=True)
        error = TextField(null=True)

        class Meta:
            table_name = "notices"
            indexes = (
                (("recipient", "kind", "episode", "rung"), True),
                (("status", "next_attempt_at"), False),
            )

    class Coverage(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        started_at = BigIntegerField()
        ended_at = BigIntegerField(null=True)

        class Meta:
            table_name = "coverage"
            primary_key = CompositeKey("user", "started_at")

    class Gap(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        started_at = BigIntegerField()
        ended_at = BigIntegerField()
        cause = TextField()
        certainty = TextField()
        opened_at = BigIntegerField()
        closed_at = BigIntegerField(null=True)
        closed_by_import = IntegerField(null=True)
        recovered = IntegerField()

        class Meta:
            table_name = "gaps"
            indexes = ((("user", "started_at"), True),)

    class PollLog(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        at = BigIntegerField()
        outcome = TextField()
        offered = SmallIntegerField()
        added = SmallIntegerField()
        took_ms = IntegerField()
        tries = SmallIntegerField()

        class Meta:
            table_name = "poll_log"
            primary_key = CompositeKey("user", "at")
            without_rowid = "sqlite" in type(db).__name__.lower()

    class Refusal(Base):
        app = ForeignKeyField(SpotifyApp, on_delete="CASCADE", index=False)
        kind = TextField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        at = BigIntegerField()

        class Meta:
            table_name = "refusals"
            primary_key = CompositeKey("app", "kind", "user")

    class Mark(Base):
        name = TextField(primary_key=True)
        at = BigIntegerField()
        note = TextField()

        class Meta:
            table_name = "marks"

    class Counter(Base):
        hour = BigIntegerField()
        name = TextField()
        value = BigIntegerField()

        class Meta:
            table_name = "counters"
            primary_key = CompositeKey("hour", "name")

    db.execute_sql("ALTER TABLE connections ADD COLUMN empty_pages SMALLINT NOT NULL DEFAULT 0")
    db.create_tables([Notice, Coverage, Gap, PollLog, Refusal, Mark, Counter])
