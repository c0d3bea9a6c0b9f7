"""Plays in rows come and go: PostgreSQL finds the room of those that moved again soon."""

from peewee import SqliteDatabase


def up(migrator, db):
    if not isinstance(db, SqliteDatabase):
        db.execute_sql("ALTER TABLE plays SET (autovacuum_vacuum_scale_factor = 0.02)")
