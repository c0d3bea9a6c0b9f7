"""Segments of closed years may stand in storage, under a key."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE play_segments ADD COLUMN object TEXT")
    db.execute_sql(
        "CREATE TABLE unused_objects (key TEXT NOT NULL PRIMARY KEY, found_at BIGINT NOT NULL)"
    )
