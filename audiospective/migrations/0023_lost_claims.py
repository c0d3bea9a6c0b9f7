"""Claims that were lost are looked for every few seconds, which must not read every connection."""


def up(migrator, db):
    db.execute_sql(
        "CREATE INDEX connections_claimed ON connections (lease_until) WHERE lease_until > 0"
    )
