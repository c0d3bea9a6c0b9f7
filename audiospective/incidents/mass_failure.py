"""Keeps a mass failure from being held against people: notices it, spares them, lifts itself."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from peewee import EXCLUDED, Case, fn

from audiospective import clock, log
from audiospective.incidents import incident
from audiospective.models import Connection, transaction
from audiospective.models.base import LONG_AGO, clock_now
from audiospective.models.claims import POLLED, Claim
from audiospective.models.connections import ACTIVE
from audiospective.models.refusals import Refusal
from audiospective.models.system_state import Mark
from audiospective.policy import mass_failure
from audiospective.policy.failures import Failure

MINUTES = timedelta(minutes=10)  # the window of the quick rule
LATELY = timedelta(hours=3)  # whoever had no success for this long is not being archived
AFTERMATH = timedelta(hours=4)  # until everybody's breaker has half-opened after an outage


def refused(claim: Claim, failure: Failure) -> bool:
    """Note that Spotify turned somebody away; True if that happens to so many that it is not them.

    The caller holds the transaction in which the failure is written or, with True, is not.
    People who were refused before do not count again: broken consents add up over months.
    """
    connection, now = claim.connection, claim.claimed_at
    if failure not in mass_failure.GUARDED:
        return False
    known = connection.consecutive_failures and connection.last_failure_type == failure.value
    if known or (
        failure is Failure.AUTH and mass_failure.ends_anyway(connection.reauth_due_at, now)
    ):
        return False
    _note(claim, failure)
    if in_force(claim.app_id, failure):
        return True
    if not _tripped(claim.app_id, failure, now):
        return False
    if Mark.advance(_mark(claim.app_id, failure), None, now):
        log.event(
            "guard_tripped", logging.ERROR, app=claim.app_id, failure=failure.value,
        )  # fmt: skip
    return True


def in_force(app_id: int, failure: Failure) -> bool:
    """Whether this failure is nobody's own at present, by app."""
    return Mark.at_of(_mark(app_id, failure)) is not None


def any_in_force(app_id: int) -> bool:
    """Whether a guard of any kind holds for the app."""
    return bool(Mark.select().where(Mark.name.startswith(f"guard:{app_id}:")).exists())


def review() -> list[tuple[int, Failure, datetime]]:
    """Spare those who failed before the guard saw it, lift guards whose cause is gone.

    Returns the guards still in force: (app, failure, since). Runs with the timetable.
    """
    now = clock.now()
    standing = []
    for mark in list(Mark.select().where(Mark.name.startswith("guard:"))):
        _, app, kind = mark.name.split(":")
        app_id, failure = int(app), Failure(kind)
        _spare(app_id, failure, mark.at)
        if _tripped(app_id, failure, now):
            standing.append((app_id, failure, mark.at))
        else:
            Mark.drop(mark.name)
            log.event("guard_lifted", logging.WARNING, app=app_id, failure=kind)
    Refusal.delete().where(Refusal.at < now - timedelta(days=2)).execute()
    return standing


def outages(longest_poll: timedelta) -> set[int]:
    """Apps whose people are all without success lately, or were until a few hours ago."""
    now = clock.now()
    lately = now - max(LATELY, 2 * longest_poll)
    # In milliseconds: what a function returns is not converted as a field's value would be.
    well = fn.COALESCE(Connection.last_success_at, Connection.authorized_at)
    late = fn.SUM(Case(None, [(well <= clock.to_ms(lately), 1)], 0))
    rows = (
        Connection.select(Connection.app, late, fn.COUNT(Connection.user))
        .where(Connection.status == ACTIVE)
        .group_by(Connection.app)
        .tuples()
    )
    hit = set()
    for app_id, missing, people in rows:
        name = f"outage:{app_id}"
        if mass_failure.hits_everybody(int(missing or 0), int(people)):
            Mark.put(name, now)
            hit.add(app_id)
        elif (ended := Mark.at_of(name)) is not None:
            if now - ended <= AFTERMATH:
                hit.add(app_id)
            else:
                Mark.drop(name)
    return hit


def frozen() -> dict[int, datetime]:
    """Apps whose polls succeed while nobody's list has moved: (app, since when)."""
    now = clock.now()
    newest, lately = Connection.newest_play_at, clock.to_ms(now - mass_failure.NIGHT)
    moved = fn.SUM(Case(None, [(newest > lately, 1)], 0))
    rows = (
        Connection.select(Connection.app, moved, fn.COUNT(Connection.user), fn.MAX(newest))
        .where(
            (Connection.status == ACTIVE)
            & (Connection.last_success_at > now - LATELY)
            & (newest > now - mass_failure.LISTENS)
        )
        .group_by(Connection.app)
        .tuples()
    )
    return {
        app_id: last
        for app_id, count, people, last in rows
        if mass_failure.stands_still(int(count or 0), int(people))
    }


def _note(claim: Claim, failure: Failure) -> None:
    Refusal.insert(
        app=claim.app_id, kind=failure.value, user=claim.user_id, at=claim.claimed_at
    ).on_conflict(
        conflict_target=[Refusal.app, Refusal.kind, Refusal.user],
        update={Refusal.at: EXCLUDED.at},
    ).execute()


def _tripped(app_id: int, failure: Failure, now: datetime) -> bool:
    hour = _refused_since(app_id, failure, now - mass_failure.WINDOW)
    if hour <= mass_failure.FEW:
        return False
    mine = (Connection.app == app_id) & Connection.status.in_(POLLED)
    if mass_failure.tripped(hour, Connection.select().where(mine).count()):
        return True
    lately = now - MINUTES
    minutes = _refused_since(app_id, failure, lately)
    well = Connection.select().where(mine & (Connection.last_success_at > lately)).count()
    return mass_failure.tripped_at_once(minutes, minutes + well)


def _refused_since(app_id: int, failure: Failure, since: datetime) -> int:
    return int(
        Refusal.select()
        .where((Refusal.app == app_id) & (Refusal.kind == failure.value) & (Refusal.at > since))
        .count()
    )


def _spare(app_id: int, failure: Failure, since: datetime) -> None:
    """Take back what was charged in the hour before the guard tripped."""
    people = Refusal.select(Refusal.user).where(
        (Refusal.app == app_id)
        & (Refusal.kind == failure.value)
        & (Refusal.at > since - mass_failure.WINDOW)
    )
    with transaction():
        spared = (
            Connection.update(
                status=ACTIVE,
                consecutive_failures=0,
                last_failure_type=None,
                circuit_open_until=LONG_AGO,
                next_poll_at=clock.now(),
                auth_notification_count=0,
                last_notification_sent=None,
            )
            .where(
                incident.unheld(
                    Connection.user.in_(people)
                    & (Connection.last_failure_type == failure.value)
                    & (Connection.consecutive_failures > 0)
                    & Connection.status.in_(POLLED)
                    & (Connection.lease_until <= clock_now())
                )
            )
            .execute()
        )
    if spared:
        log.event("guard_spared", logging.WARNING, app=app_id, failure=failure.value, people=spared)


def _mark(app_id: int, failure: Failure) -> str:
    return f"guard:{app_id}:{failure.value}"
