"""Whether the Spotify account that is attached is the one that was taken away before."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE connections ADD COLUMN detached_account TEXT")
