"""Scheduled exports: who gets one every month, where it goes, and what became of the last."""

from __future__ import annotations

from peewee import ForeignKeyField, IntegerField, SmallIntegerField, TextField

from audiospective.models.base import InstantField, Row
from audiospective.models.users import User

EMAIL = "email"  # an e-mail says that it is ready
BUCKET = "bucket"  # it is put into a bucket of the member's own

# The vault's place of the bucket's secret; the owner is the user's id.
SECRET_PLACE = "export_schedules.secret"  # noqa: S105 - a place, no secret


class ExportSchedule(Row):
    """One member's; `export` is the one that is being made or delivered, if there is one."""

    user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE", backref="export_schedule")
    form = TextField(default="bundle")
    goes_to = TextField(default=EMAIL)
    endpoint = TextField(default="")  # empty: Amazon's own for the region
    region = TextField(default="")
    bucket = TextField(default="")
    prefix = TextField(default="")
    key_id = TextField(default="")
    secret_encrypted = TextField(default="", column_name="secret_sealed")
    created_at = InstantField()
    next_at = InstantField(index=True)
    export = IntegerField(null=True)
    tries = SmallIntegerField(default=0)  # of delivering it
    tried_at = InstantField(null=True)
    failures = SmallIntegerField(default=0)  # exports in a row that did not arrive
    arrived_at = InstantField(null=True)
    error = TextField(null=True)  # a sentence for the member, about the last one

    class Meta:
        table_name = "export_schedules"
