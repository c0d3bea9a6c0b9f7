"""Polling stopped for a reason that only the member or the operator can mend: at most three."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from audiospective import clock, log
from audiospective.incidents import incident, mass_failure
from audiospective.incidents.mass_failure import Evidence
from audiospective.models import Connection
from audiospective.models.connections import NEEDS_REAUTH, NOT_ALLOWED
from audiospective.models.notices import DONE, Notice
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Choice, Draft, Kind
from audiospective.policy import escalation
from audiospective.policy.failures import Failure
from audiospective.services import Services


def due(services: Services) -> Iterator[Candidate]:
    """Whoever stands still, unless a guard holds or the refusal may still be everybody's."""
    stopped = (Connection.status == NOT_ALLOWED) | incident.failing()
    people = members.connections(stopped)
    known = members.owed(KIND.name, Connection.select(Connection.user).where(stopped))
    guards = {(guard.app_id, guard.failure) for guard in mass_failure.active()}
    evidence = mass_failure.evidence(timedelta(minutes=services.settings.poll_max_minutes))
    for one in people:
        failure = Failure.NOT_ALLOWED if one.status == NOT_ALLOWED else one.last_failure_type
        if (one.app_id, failure) not in guards:
            before = known.get((one.user_id, incident.key(one)), [])
            yield Candidate(one.user_id, partial(_draft, services, one, before, evidence))


def _draft(
    services: Services, connection: Connection, before: list[Notice], evidence: Evidence
) -> Draft | None:
    failure = incident.last_failure(connection) or Failure.NOT_ALLOWED
    step = escalation.due(len(before), members.told_at(before), clock.now())
    recipient = kind.address(connection.user, KIND.name)
    if step is None or recipient is None:  # without one the dashboard says that nobody is told
        return None
    if escalation.given_up(incident.last_known(connection), clock.now()):
        return None
    if not evidence.is_own(connection, failure):
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
            "last": step == escalation.STEPS - 1,
            "reconnect_url": members.reconnect_url(services, connection.user_id),
        },
    )


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether the same incident lasts."""
    connection = Connection.get_or_none(Connection.user == notice.owner)
    return (
        connection is not None
        and incident.is_broken(connection)
        and incident.key(connection) == notice.dedupe_key
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
