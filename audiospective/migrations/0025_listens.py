"""What players and scrobblers send is told apart from files."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE imports ADD COLUMN live BOOLEAN NOT NULL DEFAULT FALSE")
