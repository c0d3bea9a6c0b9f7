"""Exports: what members asked for, and the files until they expire."""

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
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
            legacy_table_names = False

    class User(Base):
        class Meta:
            table_name = "users"

    class Export(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        form = TextField()
        compatible = BooleanField()
        status = TextField()
        created_at = BigIntegerField()
        changed_at = BigIntegerField()
        lease_until = BigIntegerField()
        fence = IntegerField()
        attempts = SmallIntegerField()
        done = BigIntegerField()
        total = BigIntegerField()
        plays = IntegerField()
        file_name = TextField()
        size = BigIntegerField()
        key = TextField(null=True)
        expires_at = BigIntegerField(null=True)
        error = TextField(null=True)

        class Meta:
            table_name = "exports"
            indexes = ((("user", "created_at"), False), (("status", "changed_at"), False))

    db.create_tables([Export])
    db.execute_sql(
        "CREATE UNIQUE INDEX exports_one_at_a_time ON exports (user_id)"
        " WHERE status IN ('waiting', 'working')"
    )
