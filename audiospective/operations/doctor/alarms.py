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
from audiospective.operations.overview import mail, polling
from audiospective.policy import alarms as rules
from audiospective.services import Services

UNSEEN = rules.PULSE["tick"]  # where nothing else looks, it does, every ten minutes
# While one of these lasts, plays are not archived, or soon are not.
STOPPING = ("no_polls", "redis_away", "queue_old", "timetable", "disk_low")


def standing(_services: Services) -> Finding:
    """What is told at present: another look at the same would need the time that it took.

    Of what nobody looks at any more, as before everything starts, it is not known whether it lasts.
    """
    name, now = "Alarms now", clock.now()
    try:
        with database.connection_context():
            looked = Mark.at_of(polling.LOOKED)
            lasting = [one for one in alarms.standing() if one.topic in operator_alert.TOPICS]
    except (PeeweeException, OSError):
        return Finding(name, UNASKED, "Repair the database first.")
    if not lasting:
        return Finding(name, "none lasts")
    titles = [
        compose.alarm(one.topic, {"since": clock.to_ms(one.since), "said": one.said}, over=False)[0]
        for one in lasting
    ]
    said = "; ".join(
        f"{title} since {one.since:%d %B, %H:%M} UTC ({one.topic}"
        f"{', not to be seen any more' if one.is_calm else ''})"
        for title, one in zip(titles, lasting, strict=True)
    )
    if looked is None or abs(now - looked) > UNSEEN:
        when = f"{looked:%d %B, %H:%M} UTC" if looked else "an earlier start"
        return Finding(
            name,
            f"as of {when}, when somebody last looked: {said}",
            "Start everything: what is over by then ends ten minutes later.",
            serious=False,
        )
    return Finding(
        name,
        said,
        "docs/operations.md has a heading for each. One that is mended ends ten minutes later.",
        serious=any(one.topic in STOPPING and not one.is_calm for one in lasting),
    )


def look(services: Services) -> Finding:
    try:
        with database.connection_context():
            proven = User.is_operator & User.email_verified_at.is_null(False)
            people = User.select().where(proven).count()
            backup = Mark.at_of("backup.succeeded")
    except (PeeweeException, OSError):
        return Finding("Alarms", UNASKED, "Repair the database first.")
    missing, hooks = mail.unset(services.settings), len(services.settings.alarm_webhook_urls)
    made = f"last backup {backup:%d %B %Y}" if backup else "no backup was made yet"
    if not people and not hooks:
        return Finding(
            "Alarms",
            f"nobody is told of any; {made}",
            "Confirm an address, run 'operator grant YOU', or set ALARM_WEBHOOK_URLS.",
            serious=False,
        )
    if missing and not hooks:
        return Finding(
            "Alarms",
            f"nobody is told of any, as no e-mail is sent; {made}",
            f"Set {' and '.join(missing)}, or ALARM_WEBHOOK_URLS.",
            serious=False,
        )
    return Finding("Alarms", f"{0 if missing else people} by e-mail, {hooks} webhooks; {made}")
