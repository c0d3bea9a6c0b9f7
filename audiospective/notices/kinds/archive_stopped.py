"""Polling stopped for a reason that only the member or the operator can mend: at most three."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from audiospective import clock, log
from audiospective.incidents import incident, mass_failure
from audiospective.incidents.lasting_refusals import Turns
from audiospective.incidents.mass_failure import Evidence
from audiospective.models import Connection
from audiospective.models.connections import NEEDS_REAUTH, NOT_ALLOWED
from audiospective.models.notices import DONE, Notice
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Choice, Draft, Kind
from audiospective.policy import escalation
from audiospective.policy.failures import Failure
from audiospective.policy.mass_failure import LASTING
from audiospective.services import Services


def due(services: Services) -> Iterator[Candidate]:
    """Whoever stands still, unless a guard holds or the refusal may still be everybody's."""
    stopped = (Connection.status == NOT_ALLOWED) | incident.failing()
    people = [(one, _failure(one)) for one in members.connections(stopped)]
    if not people:
        return
    known = members.owed(KIND.name, Connection.select(Connection.user).where(stopped))
    guards = {(guard.app_id, guard.failure) for guard in mass_failure.active()}
    evidence = mass_failure.evidence(timedelta(minutes=services.settings.poll_max_minutes))
    turns = _turns(people, known, evidence)
    people.sort(key=lambda pair: evidence.first_refused(*pair) or clock.EPOCH)
    for one, failure in people:
        if (one.app_id, failure) not in guards:
            before = known.get((one.user_id, incident.key(one)), [])
            found = _Found(one, failure, before, evidence, turns)
            yield Candidate(one.user_id, partial(_draft, services, found))


def _turns(
    people: list[tuple[Connection, Failure]],
    known: Mapping[tuple[int, str], list[Notice]],
    evidence: Evidence,
) -> Turns | None:
    """Whose turn it is today among those who are refused for a day; None if nobody is."""
    if not any(evidence.lasts(*pair) for pair in people):
        return None
    lately = evidence.now - LASTING
    return Turns(
        one.app_id
        for one, failure in people
        for notice in known.get((one.user_id, incident.key(one)), [])
        if evidence.first_refused(one, failure) and not notice.step and notice.created_at > lately
    )


@dataclass(frozen=True)
class _Found:
    """Somebody who stands still; `before` was owed to them in this incident."""

    connection: Connection
    failure: Failure
    before: list[Notice]
    evidence: Evidence
    turns: Turns | None


def _failure(connection: Connection) -> Failure:
    if connection.status == NOT_ALLOWED:
        return Failure.NOT_ALLOWED
    return incident.last_failure(connection) or Failure.NOT_ALLOWED


def _draft(services: Services, found: _Found) -> Draft | None:
    connection, failure, evidence = found.connection, found.failure, found.evidence
    before = found.before
    step = escalation.due(len(before), members.told_at(before), clock.now())
    recipient = kind.address(connection.user, KIND.name)
    if step is None or recipient is None:  # without one the dashboard says that nobody is told
        return None
    if escalation.given_up(_began(found), clock.now()):
        return None
    if not evidence.is_own(connection, failure):
        return None
    if (
        found.turns
        and step == 0
        and evidence.lasts(connection, failure)
        and not found.turns.take(connection.app_id)
    ):
        return None
    return Draft(
        recipient=recipient,
        dedupe_key=incident.key(connection),
        step=step,
        user_id=connection.user_id,
        data=members.facts(services, connection.user)
        | {
            "reason": incident.reason(connection, failure),
            "stopped_at": clock.to_ms(incident.last_known(connection)),
            "never": connection.last_success_at is None,
            "last": step == escalation.STEPS - 1,
            "reconnect_url": members.reconnect_url(services, connection.user_id),
        },
    )


def _began(found: _Found) -> datetime:
    """When the incident began at the earliest; a pause, or a time without Spotify, is before it."""
    connection, evidence = found.connection, found.evidence
    refused = evidence.refused_at(connection, found.failure)
    consent: datetime = connection.authorized_at
    return max(incident.last_known(connection), consent, min(refused, default=consent))


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether the same incident lasts."""
    connection = Connection.get_or_none(Connection.user == notice.owner)
    return (
        connection is not None
        and incident.is_broken(connection)
        and incident.key(connection) == notice.about
    )


def stop_polling() -> int:
    """After the last e-mail went out polling ends; the state stays visible until reconnected.

    An account that is missing on the app's list is polled daily all the same: the operator may add
    it without a word.
    """
    refused = incident.failing() & (Connection.last_failure_type == Failure.AUTH.value)
    known = members.owed(KIND.name, Connection.select(Connection.user).where(refused))
    told = {
        user_id: key
        for (user_id, key), notices in known.items()
        if len(notices) >= escalation.STEPS and all(one.status in DONE for one in notices)
    }
    if not told:
        return 0
    done = [
        one.user_id
        for one in Connection.select().where(refused & Connection.user.in_(list(told)))
        if incident.key(one) == told[one.user_id]
    ]
    stopped = int(
        Connection.update(status=NEEDS_REAUTH)
        .where(incident.unheld(refused & Connection.user.in_(done)))
        .execute()
    )
    if stopped:
        log.event("deactivated", log.WARNING, people=stopped)
    return stopped


KIND = Kind(
    name="archive_stopped",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that your archive has stopped",
    warning=True,
    choice=Choice.STOPPED,
    due=due,
    still_true=still_true,
)
