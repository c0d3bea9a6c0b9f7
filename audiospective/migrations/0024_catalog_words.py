"""The catalog may be deflated with words, and its index stands closer; old blocks stay readable.

Nothing is rewritten here: `history.catalog.compact` does that in portions, while polls go on.
"""

from peewee import SqliteDatabase


def up(migrator, db):
    if not any(column.name == "words" for column in db.get_columns("catalog_state")):
        db.execute_sql("ALTER TABLE catalog_state ADD COLUMN words BIGINT NOT NULL DEFAULT 0")
    blob = "BLOB" if isinstance(db, SqliteDatabase) else "BYTEA"
    db.execute_sql(
        "CREATE TABLE IF NOT EXISTS catalog_words"
        f" (id BIGINT NOT NULL PRIMARY KEY, words {blob} NOT NULL)"
    )
    if not isinstance(db, SqliteDatabase):
        # A rewritten bucket finds the room of another one, instead of room that is kept free.
        db.execute_sql(
            "ALTER TABLE catalog_buckets"
            " SET (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.03)"
        )
