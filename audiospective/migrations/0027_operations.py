"""Alarms to webhooks, and what operators did on their pages."""

from peewee import AutoField, BigIntegerField, IntegerField, Model, SmallIntegerField, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class OperatorAction(Base):
        id = AutoField()
        at = BigIntegerField(index=True)
        operator = IntegerField()
        action = TextField()
        what = TextField()

        class Meta:
            table_name = "operator_actions"

    class WebhookCall(Base):
        id = AutoField()
        target = TextField()
        dedupe_key = TextField()
        step = SmallIntegerField()
        topic = TextField()
        message = TextField()
        status = TextField()
        attempts = SmallIntegerField()
        next_attempt_at = BigIntegerField()
        lease_until = BigIntegerField()
        created_at = BigIntegerField()
        sent_at = BigIntegerField(null=True)
        error = TextField(null=True)

        class Meta:
            table_name = "webhook_calls"
            indexes = (
                (("target", "dedupe_key", "step"), True),
                (("status", "next_attempt_at"), False),
            )

    db.create_tables([OperatorAction, WebhookCall])
