"""Segments are rewritten more often now: PostgreSQL finds the room of the old ones again soon."""

from peewee import SqliteDatabase


def up(migrator, db):
    if not isinstance(db, SqliteDatabase):
        db.execute_sql(
            "ALTER TABLE play_segments SET (autovacuum_vacuum_scale_factor = 0.02,"
            " toast.autovacuum_vacuum_scale_factor = 0.02)"
        )
