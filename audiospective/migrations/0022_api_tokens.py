"""Tokens with which programs read an archive, or bring plays into it."""

from peewee import AutoField, BigIntegerField, ForeignKeyField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class ApiToken(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        name = TextField()
        token_sha256 = TextField(unique=True)
        prefix = TextField()
        scopes = TextField()
        created_at = BigIntegerField()
        expires_at = BigIntegerField(index=True)
        used_at = BigIntegerField(null=True)

        class Meta:
            table_name = "api_tokens"

    db.create_tables([ApiToken])
