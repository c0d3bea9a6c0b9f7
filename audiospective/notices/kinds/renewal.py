"""A consent is about to end: 30, 7 and 1 days before; once in a pause, in which nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection
from audiospective.models.connections import ACTIVE, NOT_ALLOWED, PAUSED
from audiospective.models.notices import TOLD, WAITING, Notice
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Choice, Draft, Kind
from audiospective.policy import renewal
from audiospective.services import Services

RENEWABLE = (ACTIVE, NOT_ALLOWED, PAUSED)


def due(services: Services) -> Iterator[Candidate]:
    """Whoever has not had the reminder that belongs to this moment."""
    now = clock.now()
    ending = (
        Connection.status.in_(RENEWABLE)
        & (Connection.reauth_due_at > now)
        & (Connection.reauth_due_at <= now + renewal.STEPS[0])
    )
    people = [one for one in members.connections(ending) if not incident.is_broken(one)]
    if not people:
        return
    known = members.owed(KIND.name, Connection.select(Connection.user).where(ending))
    for one in people:
        owed = known.get((one.user_id, _key(one)), [])
        before = {notice.step for notice in owed}
        step = renewal.step(one.reauth_due_at, now)
        told = step in before
        if one.status == PAUSED:  # one that was refused told them nothing: the next step may
            told |= any(notice.status in (*TOLD, *WAITING) for notice in owed)
        if step is not None and not told:
            yield Candidate(one.user_id, partial(_draft, services, one, step))


def _draft(services: Services, connection: Connection, step: int) -> Draft | None:
    recipient = kind.address(connection.user, KIND.name)
    if recipient is None:
        return None
    ends_at = clock.to_ms(connection.reauth_due_at)
    good_for = renewal.STEPS[0] + members.LINK_GOOD_FOR
    return Draft(
        recipient=recipient,
        dedupe_key=_key(connection),
        step=step,
        user_id=connection.user_id,
        data=members.facts(services, connection.user)
        | {
            "ends_at": ends_at,
            "days": renewal.STEPS[step].days,
            "last": step == len(renewal.STEPS) - 1,
            "paused": connection.status == PAUSED,
            "renew_url": members.reconnect_url(services, connection.user_id, good_for),
            "expires_at": ends_at,
        },
    )


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether it is the same consent, in a pause or not, and no later reminder stands behind it."""
    connection = Connection.get_or_none(Connection.user == notice.owner)
    return (
        connection is not None
        and connection.status in RENEWABLE
        and (connection.status == PAUSED) == bool(data.get("paused"))
        and _key(connection) == notice.about
        and renewal.step(connection.reauth_due_at, clock.now()) == notice.step
    )


def _key(connection: Connection) -> str:
    return str(clock.to_ms(connection.reauth_due_at))


KIND = Kind(
    name="renewal",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="reminders before your access expires",
    warning=True,
    choice=Choice.STOPPED,
    due=due,
    still_true=still_true,
)
