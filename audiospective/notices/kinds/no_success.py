"""No poll of a member succeeded for a day, whatever the cause: once, by the dead man's switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from peewee import Case, fn

from audiospective import clock
from audiospective.incidents import health_facts, incident, mass_failure, outage
from audiospective.incidents.outage import Outage
from audiospective.models import Connection
from audiospective.models.connections import ACTIVE, NOT_ALLOWED
from audiospective.models.coverage import Coverage
from audiospective.models.notices import Notice
from audiospective.models.poll_log import PollLog
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Choice, Draft, Kind
from audiospective.policy import escalation
from audiospective.policy import outage as rules
from audiospective.policy.failures import TRAITS, Failure, named
from audiospective.services import Services

BETWEEN_TRIES = timedelta(hours=6)  # longer than any circuit of those who are told by this e-mail
OWN_LOCKED = "own_locked"  # no key opens the secret of the member's own app
REFUSED = "refused"  # Spotify refuses everybody; not a failure of anybody's own


@dataclass(frozen=True)
class _Present:
    """What is known of everybody at present."""

    outages: dict[int, Outage]
    guarded: frozenset[int]  # apps
    tried: dict[int, datetime]  # the first poll after the last success and consent, by user
    told: frozenset[tuple[int, str]]  # (user, incident) that another e-mail spoke of
    known: members.Owed


def due(services: Services) -> Iterator[Candidate]:
    """Whoever should be polled with success and was not for a day, for other reasons."""
    limit = clock.now() - escalation.SILENT_FOR
    silent = (Connection.status == ACTIVE) & (
        fn.COALESCE(Connection.last_success_at, Connection.authorized_at) <= clock.to_ms(limit)
    )
    people = [one for one in members.connections(silent) if not incident.is_broken(one)]
    if not people:
        return
    ids = Connection.select(Connection.user).where(silent)
    present = _Present(
        outage.active(),
        frozenset(guard.app_id for guard in mass_failure.active()),
        _tried(silent),
        frozenset(members.owed("archive_stopped", ids)),
        members.owed(KIND.name, ids),
    )
    for one in people:
        if (one.user_id, incident.silence_key(one)) not in present.known:
            yield Candidate(one.user_id, partial(_draft, services, one, present))


def _draft(services: Services, connection: Connection, present: _Present) -> Draft | None:
    recipient = kind.address(connection.user, KIND.name)
    if recipient is None or (connection.user_id, incident.key(connection)) in present.told:
        return None
    # No query: an outage keeps everybody silent for days.
    cause = _cause(services, connection, present)
    if cause is None or not _is_ours_to_report(connection, _first_try(connection, present)):
        return None
    return Draft(
        recipient=recipient,
        dedupe_key=incident.silence_key(connection),
        user_id=connection.user_id,
        data=members.facts(services, connection.user)
        | {
            "since": clock.to_ms(incident.last_known(connection)),
            "never": connection.last_success_at is None,
            "failure": cause,
        },
    )


def _cause(services: Services, connection: Connection, present: _Present) -> str | None:
    """What keeps this person's plays away ("" if unknown); None if it is not told to members."""
    app, app_id = connection.app, connection.app_id
    if incident.own_app(connection) and app.blocked_until > clock.now():
        return str(app.block_reason)  # nobody else's trouble, and nobody else can mend it
    name = connection.last_failure_type if connection.consecutive_failures else None
    if name is None and app.blocked_until > clock.now():
        name = app.block_reason
    locked = name == Failure.LOCKED and incident.own_app(connection)
    if locked and not health_facts.secret_opens(services, connection):
        return OWN_LOCKED  # which its member alone can enter again
    guarded, found = app_id in present.guarded, present.outages.get(app_id)
    known = named(name)
    shared = guarded or known is None or TRAITS[known].shared
    lasts = found is not None and found.is_told(clock.now())
    told = found is not None and lasts and rules.tells_members(found.late, found.people)
    if shared and not told and (guarded or found is not None):
        return None
    return REFUSED if guarded else str(name or "")


def _is_ours_to_report(connection: Connection, first_try: datetime | None) -> bool:
    """After a pause of weeks, the first minute is no silence.

    Either polls have failed for nearly a day, or one has been due for a day and was not made.
    """
    now = clock.now()
    if now - connection.next_poll_at >= escalation.SILENT_FOR:
        return True
    return first_try is not None and now - first_try >= rules.TRIED_FOR


def _first_try(connection: Connection, present: _Present) -> datetime | None:
    """Since when polls fail: what failed before the member paused is not counted, nor the pause."""
    found, now = present.tried.get(connection.user_id), clock.now()
    if found is None or now - found < rules.TRIED_FOR:
        return found
    covered = Coverage.newest(connection.user_id)
    if covered is None or covered.ended_at is None:
        return found
    at = [PollLog.user == connection.user_id, PollLog.at >= found]
    polls = PollLog.select(PollLog.at).where(*at).order_by(PollLog.at.desc())
    found = now
    for (earlier,) in polls.tuples():
        if found - earlier > BETWEEN_TRIES:
            break
        found = earlier
    return found


def _tried(silent: Any) -> dict[int, datetime]:
    success, consent = Connection.last_success_at, Connection.authorized_at
    well = Case(None, [(success > consent, success)], consent)
    query = (
        PollLog.select(PollLog.user, fn.MIN(PollLog.at))
        .join(Connection, on=(Connection.user == PollLog.user))
        .where(silent & (PollLog.at > well))
        .group_by(PollLog.user)
    )
    return dict(query.tuples())


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether the same silence lasts."""
    connection = Connection.get_or_none(Connection.user == notice.owner)
    return (
        connection is not None
        and connection.status in (ACTIVE, NOT_ALLOWED)
        and incident.silence_key(connection) == notice.about
        and escalation.gone_quiet(incident.last_known(connection), clock.now())
    )


KIND = Kind(
    name="no_success",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that no check has succeeded for a day",
    warning=True,
    choice=Choice.STOPPED,
    due=due,
    still_true=still_true,
)
