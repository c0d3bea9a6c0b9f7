"""What tells a file that was sent in part from others of its name and size."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE import_files ADD COLUMN stamp TEXT")
