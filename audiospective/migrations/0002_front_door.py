"""The tables of the front door: founding numbers, the waitlist, sign-in by e-mail."""

from peewee import (
    BigIntegerField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


def up(migrator, db):
    # Frozen copies: later changes to the models must not change what this migration made.
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class FoundingRegister(Base):
        id = IntegerField(primary_key=True)
        last_number = IntegerField()

        class Meta:
            table_name = "founding_register"

    class WaitlistEntry(Base):
        email = TextField(unique=True)
        salt = TextField()
        token_hash = TextField(unique=True)
        reason = TextField()
        asks = SmallIntegerField()
        created_at = BigIntegerField()
        confirmed_at = BigIntegerField(null=True, index=True)
        place_until = BigIntegerField(index=True)
        invited_at = BigIntegerField(null=True)
        user = ForeignKeyField(User, null=True, on_delete="CASCADE")

        class Meta:
            table_name = "waitlist"

    class SignInLink(Base):
        token_hash = TextField(primary_key=True)
        email = TextField(index=True)
        next_path = TextField()
        created_at = BigIntegerField()
        expires_at = BigIntegerField()
        used_at = BigIntegerField(null=True)

        class Meta:
            table_name = "sign_in_links"

    db.create_tables([FoundingRegister, WaitlistEntry, SignInLink])
    # The highest number ever given is known from the members while none of them has left yet.
    db.execute_sql(
        "INSERT INTO founding_register (id, last_number) "
        "SELECT 1, COALESCE(MAX(founding_number), 0) FROM users"
    )
