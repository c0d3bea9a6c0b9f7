"""Links to a report or the profile of a member, for whoever they give them to."""

from peewee import AutoField, BigIntegerField, ForeignKeyField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class SharedLink(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        token_sha256 = TextField(unique=True)
        subject = TextField()
        zone = TextField()
        created_at = BigIntegerField()
        expires_at = BigIntegerField(index=True)

        class Meta:
            table_name = "shared_links"

    db.create_tables([SharedLink])
