"""Exports that are made every month by themselves."""

from peewee import (
    BigIntegerField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


def up(migrator, db):
    class User(Model):
        class Meta:
            database = db
            table_name = "users"

    class ExportSchedule(Model):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        form = TextField(default="bundle")
        goes_to = TextField(default="email")
        endpoint = TextField(default="")
        region = TextField(default="")
        bucket = TextField(default="")
        prefix = TextField(default="")
        key_id = TextField(default="")
        secret_sealed = TextField(default="")
        created_at = BigIntegerField()
        next_at = BigIntegerField(index=True)
        export = IntegerField(null=True)
        tries = SmallIntegerField(default=0)
        tried_at = BigIntegerField(null=True)
        failures = SmallIntegerField(default=0)
        arrived_at = BigIntegerField(null=True)
        error = TextField(null=True)

        class Meta:
            database = db
            table_name = "export_schedules"

    db.create_tables([ExportSchedule])
