"""Sessions as rows, callbacks that were settled, and addresses on their way to be proven."""

from peewee import AutoField, BigIntegerField, ForeignKeyField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        class Meta:
            table_name = "users"

    class Session(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        key_hash = TextField(unique=True)
        begun_at = BigIntegerField()
        proven_at = BigIntegerField()
        seen_at = BigIntegerField()
        way = TextField()
        device = TextField()

        class Meta:
            table_name = "sessions"

    class SettledCallback(Base):
        state_hash = TextField(primary_key=True)
        claimed_at = BigIntegerField()
        user = ForeignKeyField(User, null=True, on_delete="CASCADE", index=False)
        next_path = TextField()

        class Meta:
            table_name = "settled_callbacks"

    class AddressProof(Base):
        id = AutoField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        session = ForeignKeyField(Session, null=True, on_delete="CASCADE")
        email = TextField()
        token_hash = TextField(unique=True)
        created_at = BigIntegerField()
        expires_at = BigIntegerField()

        class Meta:
            table_name = "address_proofs"

    db.create_tables([Session, SettledCallback, AddressProof])
    # An address that was typed and never proven is typed again: whoever did it may not own it.
    db.execute_sql("UPDATE users SET email = NULL WHERE email_verified_at IS NULL")
