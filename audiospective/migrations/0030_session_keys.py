"""Session keys without an index: nobody is looked up by one, and a change of what is indexed waits
for all rows of others that are being written for the member, and they for it."""


def up(migrator, db):
    db.execute_sql("DROP INDEX user_session_key")
