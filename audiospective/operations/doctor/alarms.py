"""Which alarms last, who hears of one, and when the last backup was made."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective import clock
from audiospective.incidents import alarms
from audiospective.models import User, database
from audiospective.models.marks import Mark
from audiospective.notices import compose
from audiospective.notices.kinds import operator_alert
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services

# While one of these lasts, plays are not archived, or soon are not.
STOPPING = ("no_polls", "redis_away", "queue_old", "timetable", "disk_low")


def standing(_services: Services) -> Finding:
    """What is told at present: another look at the same would need the time that it took."""
    name = "Alarms now"
    try:
        with database.connection_context():
            lasting = [one for one in alarms.standing() if one.topic in operator_alert.TOPICS]
    except (PeeweeException, OSError):
        return Finding(name, UNASKED, "Repair the database first.")
    if not lasting:
        return Finding(name, "none lasts")
    titles = [
        compose.alarm(one.topic, {"since": clock.to_ms(one.since), "said": one.said}, over=False)[0]
        for one in lasting
    ]
    return Finding(
        name,
        "; ".join(
            f"{title} since {one.since:%d %B, %H:%M} UTC ({one.topic})"
            for title, one in zip(titles, lasting, strict=True)
        ),
        "docs/operations.md has a heading for each. One that is mended ends ten minutes later.",
        serious=any(one.topic in STOPPING for one in lasting),
    )


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
