"""Gaps with two certainties, times of unreadable items, where a page began, relinked tracks."""

import json
from datetime import datetime

from peewee import BigIntegerField, IntegerField, Model, TextField


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db

    class TrackLink(Base):
        spotify_id = TextField(primary_key=True)
        stands_for = TextField()

        class Meta:
            table_name = "track_links"

    class Item(Base):
        user_id = IntegerField()
        digest = TextField(primary_key=True)
        item = TextField()
        played_at = BigIntegerField(null=True)

        class Meta:
            table_name = "unreadable_plays"

    db.create_tables([TrackLink])
    db.execute_sql("ALTER TABLE connections ADD COLUMN page_from BIGINT")
    db.execute_sql("ALTER TABLE unreadable_plays ADD COLUMN played_at BIGINT")
    db.execute_sql(
        "CREATE INDEX unreadableplay_user_id_played_at ON unreadable_plays (user_id, played_at)"
    )
    for digest, text in list(Item.select(Item.digest, Item.item).distinct().tuples()):
        Item.update(played_at=_ended(text)).where(Item.digest == digest).execute()
    # What is on record was judged from the newest play on, all of it with one certainty.
    db.execute_sql("ALTER TABLE gaps ADD COLUMN probably_from BIGINT NOT NULL DEFAULT 0")
    db.execute_sql("UPDATE gaps SET probably_from = started_at")
    db.execute_sql(
        "DELETE FROM gaps WHERE id NOT IN (SELECT MIN(id) FROM gaps GROUP BY user_id, ended_at)"
    )
    db.execute_sql("DROP INDEX gap_user_id_started_at")
    db.execute_sql("CREATE UNIQUE INDEX gap_user_id_ended_at ON gaps (user_id, ended_at)")


def _ended(text):
    """When a kept item ended, in UTC milliseconds; None if it does not say."""
    try:
        return round(datetime.fromisoformat(json.loads(text)["played_at"]).timestamp() * 1000)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
