"""No more column for batch look-ups, which no Spotify app is granted and nothing asks for."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE spotify_apps DROP COLUMN batch_ok")
