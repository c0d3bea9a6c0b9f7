"""Accounts that are to be deleted, and the highest id of a member who left."""

from peewee import BigIntegerField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator, db):
    class User(Model):
        class Meta:
            database = db
            table_name = "users"

    class Deletion(Model):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        asked_at = BigIntegerField()
        due_at = BigIntegerField()
        begun_at = BigIntegerField(null=True)
        receipt_to = TextField(null=True)
        plays = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "deletions"

    db.create_tables([Deletion])
    db.execute_sql(
        "ALTER TABLE founding_register ADD COLUMN last_member INTEGER NOT NULL DEFAULT 0"
    )
