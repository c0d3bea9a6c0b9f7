"""What members choose: week start, counting rule and measure, theme, hidden artists."""

from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, Model


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class HiddenArtist(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        artist = IntegerField()
        hidden_at = BigIntegerField()

        class Meta:
            table_name = "hidden_artists"
            primary_key = CompositeKey("user", "artist")

    for column in (
        "week_start SMALLINT NOT NULL DEFAULT 1",
        "counting_rule TEXT NOT NULL DEFAULT 'all'",
        "counting_measure TEXT NOT NULL DEFAULT 'plays'",
        "theme TEXT NOT NULL DEFAULT 'system'",
    ):
        db.execute_sql(f"ALTER TABLE users ADD COLUMN {column}")
    db.create_tables([HiddenArtist])
