"""Looks whether anything needs whoever runs this server, and tells them by e-mail and webhook.

The web process looks every minute, `tick` whenever it runs, and a worker when nobody else does. One
look a minute is made in all; so whoever still lives tells of those that do not. One module although
it is long: the checks are one list, and a few lines each.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from audiospective import __version__, clock, log
from audiospective.clients import redis_trial
from audiospective.clients.queues import INTERRUPTS, WATCHED
from audiospective.clients.storage import StorageError
from audiospective.incidents import alarms, incident, outage
from audiospective.models import Connection, SpotifyApp, notices
from audiospective.models.connections import ACTIVE
from audiospective.models.counters import Counter
from audiospective.models.imports import WORK, Import
from audiospective.models.marks import Mark
from audiospective.notices import clock_set_back, delivery, owing, webhooks
from audiospective.notices.kinds import operator_alert
from audiospective.operations import agreement, catalog_damage, disk
from audiospective.operations.overview import polling, queues
from audiospective.policy import agreement as agreement_rules
from audiospective.policy import alarms as rules
from audiospective.policy import redis_refusal
from audiospective.policy.import_limits import LONG_WAIT
from audiospective.policy.in_words import plural
from audiospective.services import Services

LEAST = timedelta(seconds=45)  # between two looks
STORAGE_EVERY = timedelta(minutes=10)  # while it works: a bucket charges for every call
FLICKER = timedelta(minutes=5)  # a server that restarts is no alarm
RELEASE = timedelta(minutes=30)  # in which processes with former settings end
UNWATCHED = timedelta(minutes=5)  # after which a worker looks
BACKUP, BACKUP_FAILED = "backup.succeeded", "backup.failed"  # marks of operations.backup
INSTALLED = "alarms:installed"  # mark: when this instance was first looked at
DEPLOY = "deploy:"  # marks: deploy:<release>, when it was first seen
DEPLOYS_KEPT = timedelta(days=400)


class Unknown(Exception):  # noqa: N818 - no error: nothing was found out either way
    """What is asked cannot be said at present; the alarm stays as it is."""


@dataclass(frozen=True)
class Check:
    """`find` says since when something is wrong and what, or None; told once seen for `after`."""

    topic: str
    find: Callable[[Services, datetime], tuple[datetime, str] | None]
    after: timedelta = timedelta()


def look(services: Services) -> bool:
    """Look, and tell what is to be told; False if another process just did."""
    now = clock.now()
    before = Mark.at_of(polling.LOOKED)
    if before is not None and timedelta() <= now - before < LEAST:
        return False
    if not Mark.advance(polling.LOOKED, before, now):
        return False
    if before is None or not timedelta() <= now - before <= rules.INTERRUPTED:
        Mark.put(polling.WATCHING, now)
    for name, part in (
        ("watched", lambda: _say_that_somebody_looks(services)),
        ("deploy", lambda: _note_release(services, now)),
        ("apps", outage.review_apps),
        *((check.topic, _checking(services, check, now)) for check in CHECKS),
        ("forgotten", lambda: alarms.forget({check.topic for check in CHECKS})),
        ("emails", lambda: owing.owe(services, operator_alert.KIND.name)),
        ("clock", clock_set_back.bring_messages_back),
        ("webhooks", lambda: operator_alert.owe_webhooks(services)),
        ("post", lambda: webhooks.deliver(services)),
        ("send", lambda: delivery.drain(services, only=operator_alert.KIND.name)),
    ):
        _tried(name, part)
    return True


def _checking(services: Services, check: Check, now: datetime) -> Callable[[], None]:
    def run() -> None:
        try:
            found = check.find(services, now)
        except Unknown:
            return
        if found is None:
            alarms.end(check.topic)
        else:
            alarms.begin(check.topic, *found, after=check.after)

    return run


def _tried(name: str, part: Callable[[], object]) -> None:
    try:
        part()
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - one thing that breaks must not silence the others
        log.trouble("watch_failed", error, part=name)


def _no_polls(services: Services, now: datetime) -> tuple[datetime, str] | None:
    found = polling.facts(now)
    longest = timedelta(minutes=services.settings.poll_max_minutes)
    since = rules.no_polls(found, longest, now, polling.watched_since(now))
    if since is None:
        return None
    tried = f"{found.tried:,} were tried" if found.tried else "none was tried"
    why = ""
    if not found.tried and found.waiting_since is None:
        why = f", as {_stopped(now) or 'none was due'}"
    return since, (
        f"No poll has succeeded since {since:%H:%M} UTC, of {found.members:,} members; {tried} in"
        f" the last {rules.PATIENCE // timedelta(minutes=1)} minutes{why}."
    )


def _stopped(now: datetime) -> str | None:
    """What keeps everybody's polls from being due: apps that may not call, or checks that failed.

    Of several apps the one that waits longest is named; None if it is neither.
    """
    polled = (Connection.status == ACTIVE) & ~incident.failing()
    asked = Connection.circuit_open_until, Connection.last_failure_type
    of_app = SpotifyApp.id, SpotifyApp.blocked_until, SpotifyApp.block_reason
    found = list(Connection.select(*asked, *of_app).join(SpotifyApp).where(polled))
    free = [one for one in found if one.app.blocked_until <= now]
    if found and not free:
        app = max((one.app for one in found), key=lambda app: app.blocked_until)
        return (
            f"app {app.id} makes no calls before {app.blocked_until:%d %B, %H:%M} UTC"
            f" ({app.block_reason})"
        )
    failed = [one for one in free if one.circuit_open_until > now]
    if not failed:
        return None
    causes = sorted({str(one.last_failure_type) for one in failed})
    again = min(one.circuit_open_until for one in failed)
    return (
        f"the last check of {plural(len(failed), 'member')} failed ({', '.join(causes)}) and the"
        f" first of them is tried again at {again:%d %B, %H:%M} UTC"
    )


def _mail_refused(_services: Services, _now: datetime) -> tuple[datetime, str] | None:
    since = Mark.at_of(delivery.ALARM)
    return (since, "The mail provider does not let this server send.") if since else None


def _mail_waits(_services: Services, now: datetime) -> tuple[datetime, str] | None:
    if Mark.at_of(delivery.ALARM):
        raise Unknown  # which is said by itself
    patience = rules.MAIL_PATIENCE
    first = notices.first_in_vain(now - patience)
    if first is None or notices.any_sent_after(now - patience):
        return None
    return first.created_at, (
        f"In the last {patience // timedelta(minutes=1)} minutes no e-mail was taken; one"
        f" has waited since {first.created_at:%d %B, %H:%M} UTC. The last try:"
        f" {first.error or 'no answer'}."
    )


def _redis_away(services: Services, now: datetime) -> tuple[datetime, str] | None:
    pulse = Mark.get_or_none(Mark.name == alarms.PULSE)
    if pulse is not None and pulse.note == "tick":
        return None  # which does without Redis
    try:
        redis_trial.write(services.redis)
    except RedisError as error:
        found = redis_refusal.known(error)
        cause = f" {found[0][:1].upper()}{found[0][1:]}. {found[1]}" if found else ""
        return now, f"Writing to it ends with {type(error).__name__}.{cause}"
    return None


def _queue_old(services: Services, now: datetime) -> tuple[datetime, str] | None:
    try:
        found = queues.look(services)
    except RedisError:
        raise Unknown from None
    oldest, age = found.oldest, timedelta()
    if oldest is not None and oldest.oldest is not None:
        age = oldest.oldest
    waited = age // timedelta(milliseconds=1)
    Counter.add({"queue:looks": 1, "queue:ms": waited, "queue:jobs": found.jobs}, now)
    if oldest is None or age <= rules.QUEUE_AGE:
        return None
    return now - age, (
        f"The first job of the queue “{oldest.name}” has waited for"
        f" {age // timedelta(minutes=1):,} minutes; {found.jobs:,} jobs wait,"
        f" {found.workers:,} workers are there."
    )


def _import_waits(_services: Services, now: datetime) -> tuple[datetime, str] | None:
    long = Import.status.in_(WORK) & (Import.changed_at <= now - LONG_WAIT)
    waiting = list(Import.select().where(long).order_by(Import.changed_at, Import.id))
    if not waiting:
        return None
    first = waiting[0]
    reason = first.error or "No worker has got through it."
    return first.changed_at, (
        f"{plural(len(waiting), 'import')} of files could not go on for a day or longer; the first"
        f" is number {first.id}. Its page says: {reason}"
    )


def _storage_away(services: Services, now: datetime) -> tuple[datetime, str] | None:
    mark = "checked:storage"
    before = Mark.at_of(mark)
    # One call that fails is no alarm: it is tried again with every look until it works.
    every = timedelta() if alarms.noted("storage_away") else STORAGE_EVERY
    if before is not None and timedelta() <= now - before < every:
        raise Unknown
    Mark.put(mark, now)
    key, tried = f"doctor/{secrets.token_hex(16)}", "Writing"
    try:
        services.storage.put(key, b"audiospective")
        tried = "Reading"
        try:
            services.storage.get(key)
            tried = "Deleting"
        finally:
            services.storage.delete(key)
    except StorageError as error:
        return now, f"{tried} a small file there ends with {type(error).__name__} ({error})."
    return None


def _settings_differ(services: Services, now: datetime) -> tuple[datetime, str] | None:
    try:
        found = agreement.differences(services.redis)
    except RedisError:
        raise Unknown from None
    return (now, f"Not the same: {agreement_rules.in_words(found)}.") if found else None


def _disk_low(services: Services, now: datetime) -> tuple[datetime, str] | None:
    room = disk.low(services.settings)
    return (now, room.said) if room is not None else None


def _backup(services: Services, now: datetime) -> tuple[datetime, str] | None:
    Mark.advance(INSTALLED, None, now)
    return rules.old_backup(
        Mark.at_of(BACKUP),
        Mark.at_of(BACKUP_FAILED),
        services.settings.backup_expected_hours,
        Mark.at_of(INSTALLED),
        now,
    )


def _timetable(_services: Services, now: datetime) -> tuple[datetime, str] | None:
    pulse = Mark.get_or_none(Mark.name == alarms.PULSE)
    if pulse is None:  # nothing has run it yet; polls that do not come are an alarm of their own
        return None
    since = rules.silent(pulse.note, pulse.at, now, polling.watched_since(now))
    what = "“tick”" if pulse.note == "tick" else "the scheduler"
    return (since, f"{what} was last at work at {pulse.at:%H:%M} UTC.") if since else None


CHECKS = (
    Check("no_polls", _no_polls),
    Check("mail_refused", _mail_refused),
    Check("mail_waits", _mail_waits),
    Check("redis_away", _redis_away, after=FLICKER),
    Check("queue_old", _queue_old),
    Check("import_waits", _import_waits),
    Check("catalog_damaged", lambda _services, now: catalog_damage.look(now)),
    Check("disk_low", _disk_low),
    Check("storage_away", _storage_away, after=FLICKER),
    Check("backup", _backup),
    Check("timetable", _timetable),
    Check("settings_differ", _settings_differ, after=RELEASE),
)


def _say_that_somebody_looks(services: Services) -> None:
    with suppress(RedisError):
        services.redis.set(WATCHED, 1, ex=UNWATCHED)


def _note_release(services: Services, now: datetime) -> None:
    Mark.keep(f"{DEPLOY}{services.settings.release or __version__}", now)
    old = Mark.name.startswith(DEPLOY) & (Mark.at < now - DEPLOYS_KEPT)
    Mark.delete().where(old).execute()
