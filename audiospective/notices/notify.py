"""Owes the letters that the state of the archive asks for; driven by the database, not by polls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.incidents import incident, mass_failure
from audiospective.models import Connection, SpotifyApp, User, transaction
from audiospective.models.connections import ACTIVE, NEEDS_REAUTH, NOT_ALLOWED
from audiospective.models.gaps import Gap
from audiospective.models.notices import QUEUED, SENDING, SENT, UNCERTAIN, Notice
from audiospective.models.poll_log import PollLog
from audiospective.notices import owing, recipients, signed_links
from audiospective.policy import escalation, renewal
from audiospective.policy import mass_failure as mass
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Cause, Found
from audiospective.services import Services

LINK_GOOD_FOR = timedelta(days=14)
NEWS = timedelta(days=1)
TRYING = timedelta(hours=20)  # a day less the longest usual time to the first failure
ALERT_EVERY = timedelta(days=1)  # while the same trouble lasts
TROUBLES = ("archive_stopped", "no_success")
About = TypeVar("About", Connection, Gap)
RETRIED = (ACTIVE, NOT_ALLOWED)


def due(services: Services) -> dict[str, int]:
    """Owe everything that is due now; returns letters by kind.

    Safe to run late, twice and by several processes: a letter is owed once per recipient, kind,
    episode and step, and the step is taken by a conditional update.
    """
    guards = mass_failure.review()
    outages = mass_failure.outages(timedelta(minutes=services.settings.poll_max_minutes))
    for app_id, failure, since in guards:
        alert(
            services, "guard", f"guard.{app_id}.{failure}.{_day(since)}",
            {"app": app_id, "failure": failure.value, "since": clock.to_ms(since)},
        )  # fmt: skip
    for app_id, since in mass_failure.frozen().items():
        facts = {"app": app_id, "since": clock.to_ms(since)}
        alert(
            services,
            "frozen",
            f"frozen.{app_id}.{clock.to_ms(since)}.{_day(since + mass.NIGHT)}",
            facts,
        )
    for one in _unlisted():
        _tell_of_unlisted(services, one)
    owed = {
        "archive_stopped": _each(_broken(), lambda one: _ladder_step(services, one)),
        "no_success": _each(_silent(), lambda one: _quiet(services, one, outages)),
        "renewal": _each(_ending(), lambda one: _renewal(services, one)),
        "gap_found": _each(_fresh_gaps(), lambda one: _gap(services, one)),
    }
    _deactivate()
    return owed


def _each(about: Iterator[About], owe: Callable[[About], bool]) -> int:
    """Letters owed about all of these; trouble with one of them keeps nothing from the others."""
    owed = 0
    for one in about:
        try:
            owed += owe(one)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("notify_failed", error, user=one.__data__["user"])
    return owed


def broke(services: Services, before: Connection, failure: Failure) -> None:
    """Somebody's connection just broke: owe the first letter, in the transaction that says so."""
    if failure.value in incident.BROKEN and not before.auth_notification_count:
        found = Connection.get_by_id(before.__data__["user"])
        _ladder_step(services, found)


def may_have_recovered(before: Connection, now: datetime) -> bool:
    """Whether a letter about trouble can have gone out before this success; no query."""
    since, success = incident.last_known(before), before.last_success_at
    renewed = success is not None and before.authorized_at > success
    return bool(before.auth_notification_count) or renewed or escalation.gone_quiet(since, now)


def recovered(services: Services, before: Connection, added: int, gap: Found | None) -> bool:
    """A poll succeeded: owe "back on" if a letter about the trouble went out; True if so.

    `before` is the connection as it stood before the poll. The caller holds the transaction.
    """
    now = clock.now()
    since = incident.last_known(before)
    user_id = int(before.__data__["user"])
    about = Notice.user == user_id, Notice.kind.in_(TROUBLES), Notice.created_at >= since
    told = Notice.select().where(*about, Notice.status.in_((SENT, UNCERTAIN, SENDING))).exists()
    user = User.get_by_id(user_id)
    recipient = recipients.address(user, "back_on")
    if not told or recipient is None:
        return False
    data = _common(services, user) | {
        "since": clock.to_ms(since),
        "back_at": clock.to_ms(now),
        "added": added,
        "hole_start": clock.to_ms(gap.begins) if gap else None,
        "hole_end": clock.to_ms(gap.end) if gap else None,
        "health_url": f"{services.settings.base_url}/health",
    }
    return owing.owe(
        services, "back_on", recipient=recipient, episode=str(clock.to_ms(since)),
        user_id=user_id, data=data,
    )  # fmt: skip


def app_refused(services: Services, app_id: int) -> int:
    """The app itself is turned away (secret, Premium of its owner): only its operator can act."""
    now = clock.now()
    owner = SpotifyApp.get_by_id(app_id).owner_id
    return alert(
        services, "app_refused", f"app_refused.{app_id}.{now:%Y-%m-%d}",
        {"app": app_id, "since": clock.to_ms(now)}, owner=owner,
    )  # fmt: skip


def alert(
    services: Services, topic: str, episode: str, facts: dict[str, Any], owner: int | None = None
) -> int:
    """Tell every operator, or the app's `owner`, once per `episode`; returns letters owed by it."""
    whom = User.is_operator == True if owner is None else User.id == owner  # noqa: E712 - SQL
    owed = 0
    for user in User.select().where(whom):
        recipient = recipients.address(user, "operator_alert")
        known = recipient is None or _owed_before(recipient, "operator_alert", episode, 0)
        if recipient is not None and not known:
            data = _common(services, user) | {"topic": topic, "facts": facts}
            owed += owing.owe(
                services, "operator_alert", recipient=recipient, episode=episode,
                user_id=user.id, data=data,
            )  # fmt: skip
    return owed


def _broken() -> Iterator[Connection]:
    """Whoever only person or operator can help, with a letter of the ladder still to come."""
    query = Connection.select().where(
        (
            (Connection.status == NOT_ALLOWED)
            | (
                (Connection.status == ACTIVE)
                & (Connection.consecutive_failures > 0)
                & Connection.last_failure_type.in_(list(incident.BROKEN))
            )
        )
        & (Connection.auth_notification_count < escalation.LETTERS)
    )
    return iter(list(query))


def _ladder_step(services: Services, connection: Connection) -> bool:
    now, count = clock.now(), connection.auth_notification_count
    rung = escalation.due(count, connection.last_notification_sent, now)
    user_id = int(connection.__data__["user"])
    failure = Failure(connection.last_failure_type or Failure.NOT_ALLOWED.value)
    if rung is None or mass_failure.in_force(int(connection.__data__["app"]), failure):
        return False
    user = User.get_by_id(user_id)
    recipient = recipients.address(user, "archive_stopped")
    if recipient is None:
        return False  # the dashboard says that nobody will be told
    url = reconnect_url(services, user_id, now)
    data = _common(services, user) | {
        "reason": incident.reason(connection, failure),
        "stopped_at": clock.to_ms(incident.last_known(connection)),
        "rung": rung,
        "last": rung == escalation.LETTERS - 1,
        "reconnect_url": url,
    }
    with transaction():
        # Whoever moves the count owes the letter; a second process finds it moved.
        moved = (
            Connection.update(auth_notification_count=count + 1)
            .where(
                (Connection.user == user_id)
                & (Connection.auth_notification_count == count)
                & (Connection.authorized_at == connection.authorized_at)
            )
            .execute()
        )
        return bool(moved) and owing.owe(
            services, "archive_stopped", recipient=recipient,
            episode=incident.episode(connection), rung=rung, user_id=user_id, data=data,
        )  # fmt: skip


def _unlisted() -> list[Connection]:
    """Whoever is missing on their app's list: the operator is the one who can add them."""
    return list(Connection.select().where(Connection.status == NOT_ALLOWED))


def _tell_of_unlisted(services: Services, connection: Connection) -> None:
    user_id, app_id = connection.__data__["user"], connection.__data__["app"]
    if mass_failure.in_force(app_id, Failure.NOT_ALLOWED) or connection.app.owner_id is not None:
        return  # who brought an app is its operator, and was told as the person it hits
    since = clock.to_ms(incident.last_known(connection))
    alert(
        services, "not_allowed", f"not_allowed.{user_id}.{incident.episode(connection)}",
        {"app": app_id, "since": since, "user": user_id},
    )  # fmt: skip


def _silent() -> Iterator[Connection]:
    """Whoever should be polled with success and was not for a day, for other reasons."""
    limit = clock.now() - escalation.SILENT_FOR
    query = Connection.select().where(
        (Connection.status == ACTIVE)
        & (
            (Connection.last_success_at <= limit)
            | (Connection.last_success_at.is_null() & (Connection.authorized_at <= limit))
        )
    )
    return (one for one in list(query) if not incident.is_broken(one) and _tried(one))


def _tried(connection: Connection) -> bool:
    """Whether the silence is ours to report: after a pause of weeks, the first minute is not.

    Either polls have failed for nearly a day, or one has been due for a day and was not made.
    """
    now = clock.now()
    if now - connection.next_poll_at >= escalation.SILENT_FOR:
        return True
    first = (
        PollLog.select()
        .where(
            (PollLog.user == connection.__data__["user"])
            & (PollLog.at > incident.last_known(connection))
        )
        .order_by(PollLog.at)
        .first()
    )
    return first is not None and now - first.at >= TRYING


def _quiet(services: Services, connection: Connection, outages: set[int]) -> bool:
    app_id = int(connection.__data__["app"])
    kind = connection.last_failure_type if connection.consecutive_failures else None
    app = connection.app
    if incident.own_app(connection) and app.blocked_until > clock.now():
        kind = app.block_reason  # nobody else's trouble, and nobody else can mend it
        shared = False
    else:
        shared = kind is None or Failure(kind) in mass.SHARED
    if (shared and app_id in outages) or mass_failure.any_in_force(app_id):
        return False
    user = User.get_by_id(connection.__data__["user"])
    recipient = recipients.address(user, "no_success")
    if recipient is None:
        return False
    data = _common(services, user) | {
        "since": clock.to_ms(incident.last_known(connection)),
        "failure": kind or "",
    }
    return owing.owe(
        services, "no_success", recipient=recipient,
        episode=incident.quiet_episode(connection), user_id=user.id, data=data,
    )  # fmt: skip


def _ending() -> Iterator[Connection]:
    now = clock.now()
    query = Connection.select().where(
        Connection.status.in_(RETRIED)
        & (Connection.reauth_due_at > now)
        & (Connection.reauth_due_at <= now + renewal.STEPS[0])
    )
    return (one for one in list(query) if not incident.is_broken(one))


def _renewal(services: Services, connection: Connection) -> bool:
    now = clock.now()
    step = renewal.step(connection.reauth_due_at, now)
    user = User.get_by_id(connection.__data__["user"])
    recipient = recipients.address(user, "renewal")
    if step is None or recipient is None:
        return False
    episode = str(clock.to_ms(connection.reauth_due_at))
    if _owed_before(recipient, "renewal", episode, step):
        return False
    data = _common(services, user) | {
        "ends_at": clock.to_ms(connection.reauth_due_at),
        "days": renewal.STEPS[step].days,
        "last": step == len(renewal.STEPS) - 1,
        "renew_url": reconnect_url(services, user.id, now, renewal.STEPS[0] + LINK_GOOD_FOR),
        "expires_at": clock.to_ms(connection.reauth_due_at),
    }
    return owing.owe(
        services, "renewal", recipient=recipient, episode=episode, rung=step,
        user_id=user.id, data=data,
    )  # fmt: skip


def _fresh_gaps() -> Iterator[Gap]:
    """Gaps of one person's own making: more plays than a page holds. Outages mail nobody."""
    query = Gap.select().where(
        (Gap.opened_at > clock.now() - NEWS)
        & Gap.closed_at.is_null()
        & Gap.cause.in_((Cause.OVERFLOW.value, Cause.LATE.value))
        & (Gap.probably_from < Gap.ended_at)
    )
    return iter(list(query))


def _gap(services: Services, gap: Gap) -> bool:
    user = User.get_by_id(gap.__data__["user"])
    recipient = recipients.address(user, "gap_found")
    year, week, _ = gap.opened_at.isocalendar()
    episode = f"{year}-W{week}"  # whoever listens that much is told once a week
    if recipient is None or _owed_before(recipient, "gap_found", episode, 0):
        return False
    data = _common(services, user) | {
        "start": clock.to_ms(gap.begins_at),
        "end": clock.to_ms(gap.ended_at),
        "health_url": f"{services.settings.base_url}/health",
    }
    return owing.owe(
        services, "gap_found", recipient=recipient, episode=episode, user_id=user.id, data=data
    )


def _owed_before(recipient: str, kind: str, episode: str, rung: int) -> bool:
    """Whether this letter is there already; spares sealing its data again with every round."""
    return bool(
        Notice.select()
        .where(
            (Notice.recipient == recipient)
            & (Notice.kind == kind)
            & (Notice.episode == episode)
            & (Notice.rung == rung)
        )
        .exists()
    )


def _deactivate() -> None:
    """After the last letter went out polling stops; the state stays visible until reconnected.

    An account that is missing on the app's list is looked at daily all the same: the operator may
    add it without a word.
    """
    waiting = Notice.select(Notice.user).where(
        (Notice.kind == "archive_stopped")
        & Notice.user.is_null(False)
        & Notice.status.in_((QUEUED, UNCERTAIN, SENDING))
    )
    stopped = (
        Connection.update(status=NEEDS_REAUTH)
        .where(
            incident.unheld(
                (Connection.status == ACTIVE)
                & (Connection.consecutive_failures > 0)
                & (Connection.last_failure_type == Failure.AUTH.value)
                & (Connection.auth_notification_count >= escalation.LETTERS)
                & Connection.user.not_in(waiting)
            )
        )
        .execute()
    )
    if stopped:
        log.event("deactivated", logging.WARNING, people=stopped)


def reconnect_url(
    services: Services, user_id: int, now: datetime, good_for: timedelta = LINK_GOOD_FOR
) -> str:
    """The page behind a letter's button; opening it does nothing."""
    token = signed_links.sign(
        services.settings, signed_links.RECONNECT, user_id, expires_at=now + good_for
    )
    return f"{services.settings.base_url}/reconnect/{token}"


def _common(services: Services, user: User) -> dict[str, Any]:
    return {
        "name": user.display_name or "",
        "timezone": user.timezone,
        "dashboard_url": f"{services.settings.base_url}/dashboard",
    }


def _day(instant: datetime) -> str:
    """One alert a day while the same trouble lasts."""
    return str((clock.now() - instant) // ALERT_EVERY)
