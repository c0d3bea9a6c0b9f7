"""When somebody first consented who consented again before a check had succeeded."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE connections ADD COLUMN first_authorized_at BIGINT")
