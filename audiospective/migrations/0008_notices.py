"""Notices say what they are about in today's words; what was told is counted from them alone."""

RENAMED = (("episode", "dedupe_key"), ("rung", "step"))
COUNTED_ELSEWHERE = ("auth_notification_count", "last_notification_sent")


def up(migrator, db):
    for before, after in RENAMED:
        db.execute_sql(f"ALTER TABLE notices RENAME COLUMN {before} TO {after}")
    for column in COUNTED_ELSEWHERE:
        db.execute_sql(f"ALTER TABLE connections DROP COLUMN {column}")
    db.execute_sql("ALTER TABLE refusals ADD COLUMN first_at BIGINT NOT NULL DEFAULT 0")
    db.execute_sql("UPDATE refusals SET first_at = at")
