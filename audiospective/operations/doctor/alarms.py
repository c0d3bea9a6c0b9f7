"""Who hears of an alarm, and when the last backup was made."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective.models import User, database
from audiospective.models.marks import Mark
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services


def look(services: Services) -> Finding:
    try:
        with database.connection_context():
            proven = User.is_operator & User.email_verified_at.is_null(False)
            people = User.select().where(proven).count()
            backup = Mark.at_of("backup.succeeded")
    except (PeeweeException, OSError):
        return Finding("Alarms", UNASKED, "Repair the database first.")
    hooks = len(services.settings.alarm_webhook_urls)
    made = f"last backup {backup:%d %B %Y}" if backup else "no backup was made yet"
    if not people and not hooks:
        return Finding(
            "Alarms",
            f"nobody is told of any; {made}",
            "Confirm an address, run 'operator grant YOU', or set ALARM_WEBHOOK_URLS.",
            serious=False,
        )
    return Finding("Alarms", f"{people} by e-mail, {hooks} webhooks; {made}")
