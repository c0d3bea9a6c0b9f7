"""When an app was blocked, so that a clock that was ahead can be told from a long block."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE spotify_apps ADD COLUMN blocked_at BIGINT")
