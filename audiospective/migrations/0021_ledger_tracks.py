"""The ledger counts the tracks of the catalog: by them its growth is foretold."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE storage_ledger ADD COLUMN tracks BIGINT")
