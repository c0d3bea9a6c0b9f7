"""Imports and their files; how exactly a play's time is known, and which sources tell of it."""

from peewee import (
    AutoField,
    BigIntegerField,
    Check,
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

    class Import(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        status = TextField()
        created_at = BigIntegerField()
        changed_at = BigIntegerField()
        lease_until = BigIntegerField()
        fence = IntegerField()
        attempts = SmallIntegerField()
        step = IntegerField()
        steps = IntegerField()
        choices = TextField()
        findings = TextField()
        error = TextField(null=True)
        rows = IntegerField()
        added = IntegerField()
        matched = IntegerField()
        skipped = IntegerField()
        rejected = IntegerField()
        first_at = BigIntegerField(null=True)
        last_at = BigIntegerField(null=True)
        kept_bytes = BigIntegerField()
        committed_at = BigIntegerField(null=True)
        polls_seen = IntegerField()

        class Meta:
            table_name = "imports"
            indexes = ((("user", "status"), False),)
            constraints = (
                Check("status <> 'done' OR rows = added + matched + skipped + rejected"),
            )

    class ImportFile(Base):
        owner = ForeignKeyField(Import, on_delete="CASCADE", column_name="import_id", index=False)
        number = SmallIntegerField()
        name = TextField()
        size = BigIntegerField()
        received = BigIntegerField()

        class Meta:
            table_name = "import_files"
            indexes = ((("owner", "number"), True),)

    db.create_tables([Import, ImportFile])
    db.execute_sql("ALTER TABLE plays ADD COLUMN timing SMALLINT")
    db.execute_sql("ALTER TABLE plays ADD COLUMN seen INTEGER")
