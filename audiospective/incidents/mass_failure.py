"""Keeps a mass failure from being held against people: notices it, spares them, lifts itself.

One module although it is long: what a poll notes, a round reviews and an e-mail asks is one rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import EXCLUDED, Case, fn

from audiospective import clock, log
from audiospective.incidents import guard_marks, incident, lasting_refusals
from audiospective.incidents.guard_marks import Guard
from audiospective.models import Connection, transaction
from audiospective.models.base import LONG_AGO, Prepared, clock_now, given
from audiospective.models.claims import POLLED, Claim
from audiospective.models.connections import ACTIVE
from audiospective.models.marks import Mark
from audiospective.models.refusals import EXPECTED, Refusal, kinds_of
from audiospective.policy import mass_failure
from audiospective.policy.failures import TRAITS, Failure, named

KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Evidence:
    """What tells a person's own refusal from one that meets everybody.

    `first`: when each (app, failure, user) was first refused, and `expected` the same of those
    whose consent was about to end; `served`: the latest success by app.
    """

    first: dict[tuple[int, str, int], datetime]
    expected: dict[tuple[int, str, int], datetime]
    served: dict[int, datetime]
    pause: timedelta
    now: datetime

    def first_refused(self, connection: Connection, failure: Failure) -> datetime | None:
        """Since when the person is refused; None if that was expected."""
        return self.first.get((connection.app_id, failure.value, connection.user_id))

    def refused_at(self, connection: Connection, failure: Failure) -> list[datetime]:
        """Since when the person is refused, expected or not; nothing where that is not known."""
        name = (connection.app_id, failure.value, connection.user_id)
        return [one for one in (self.first.get(name), self.expected.get(name)) if one]

    def lasts(self, connection: Connection, failure: Failure) -> bool:
        """Whether a guard may have been lifted although the person is still refused."""
        first = self.first_refused(connection, failure)
        return first is not None and self.now - first >= mass_failure.LASTING

    def is_own(self, connection: Connection, failure: Failure) -> bool:
        """Whether the person may be told that their access was refused."""
        refused_last = connection.last_failure_type == failure.value
        expected = self.expected.get((connection.app_id, failure.value, connection.user_id))
        began = self.refused_at(connection, failure)
        # Where all consents of an app are near their end no guard trips. Until one is over, others
        # have to be served meanwhile, or a day has to pass.
        due = connection.reauth_due_at
        early = expected and due > self.now and mass_failure.ends_anyway(due, self.now)
        return mass_failure.believable(
            max(began, default=None),
            connection.last_failed_at if refused_last else None,
            self.served.get(connection.app_id),
            mass_failure.LASTING if early else self.pause,
        )


def refused(claim: Claim, failure: Failure, longest_poll: timedelta) -> bool:
    """Note that Spotify turned somebody away; True if that happens to so many that it is not them.

    The caller holds the transaction in which the failure is written or, with True, is not.
    People who were refused before do not count again: broken consents add up over months. Nor do
    those whose consent is about to end; but while all are refused, they are no more believed.
    """
    connection, now = claim.connection, claim.claimed_at
    if not TRAITS[failure].guarded:
        return False
    if connection.consecutive_failures and connection.last_failure_type == failure.value:
        return False
    expected = failure is Failure.AUTH and mass_failure.ends_anyway(connection.reauth_due_at, now)
    _note(claim, failure.value + EXPECTED * expected)
    if in_force(claim.app_id, failure):
        return True
    if expected or not _tripped(claim.app_id, failure, now, longest_poll):
        return False
    _trip(claim.app_id, failure, now)
    return True


def in_force(app_id: int, failure: Failure) -> bool:
    """Whether this failure is nobody's own at present, by app."""
    return Mark.at_of(_mark(app_id, failure.value)) is not None


def any_in_force(app_id: int) -> bool:
    """Whether a guard of any kind holds for the app."""
    return bool(Mark.named(f"{guard_marks.IN_FORCE}{app_id}:"))


def active() -> list[Guard]:
    """The guards in force."""
    marks = Mark.named(guard_marks.IN_FORCE)
    return [guard for mark in marks if (guard := guard_marks.read(mark))]


def refused_once(connection: Connection) -> bool:
    """Whether Spotify turned somebody away who has not been asked again; a query if it did at all.

    Nobody is e-mailed before the second time, and pages say no more than that.
    """
    failure = named(connection.last_failure_type)
    if not connection.consecutive_failures or failure is None or not TRAITS[failure].guarded:
        return False
    noted = Refusal.select(fn.MAX(Refusal.first_at)).where(
        (Refusal.app == connection.app_id)
        & Refusal.kind.in_(kinds_of(failure.value))
        & (Refusal.user == connection.user_id)
    )
    return mass_failure.refused_once(noted.scalar(), connection.last_failed_at)


def review(longest_poll: timedelta) -> None:
    """Trip guards that no single poll could see, spare who failed before, lift what is over."""
    now = clock.now()
    window = mass_failure.window(longest_poll)
    for app_id, kind in _lately(now - window):
        failure = named(kind)
        if failure and _tripped(app_id, failure, now, longest_poll):
            _trip(app_id, failure, now)
    for guard in active():
        _spare(guard, window)
        if not _tripped(guard.app_id, guard.failure, now, longest_poll):
            lasting_refusals.keep(guard, now - window)
            Mark.drop(guard.mark)
            log.event("guard_lifted", log.WARNING, app=guard.app_id, failure=guard.failure.value)
    lasting_refusals.review(now - window)
    refused_on = Connection.select(Connection.user).where(Connection.consecutive_failures > 0)
    Refusal.delete().where((Refusal.at < now - KEPT) & Refusal.user.not_in(refused_on)).execute()


def evidence(longest_poll: timedelta) -> Evidence:
    """What is known of all refusals at present; two queries."""
    first: dict[tuple[int, str, int], datetime] = {}
    expected: dict[tuple[int, str, int], datetime] = {}
    for row in Refusal.select(Refusal.app, Refusal.kind, Refusal.user, Refusal.first_at):
        kind = row.kind.removesuffix(EXPECTED)
        found = first if kind == row.kind else expected
        found[row.app_id, kind, row.user_id] = row.first_at
    served = Connection.select(Connection.app, fn.MAX(Connection.last_success_at)).group_by(
        Connection.app
    )
    return Evidence(
        first,
        expected,
        {app_id: at for app_id, at in served.tuples() if at is not None},
        max(mass_failure.PAUSE, 2 * longest_poll),
        clock.now(),
    )


def _note(claim: Claim, kind: str) -> None:
    """The first refusal of an incident stays known through whatever a guard takes back."""
    connection = claim.connection
    served = max(connection.last_success_at or LONG_AGO, connection.authorized_at)
    _NOTE.run(
        app=claim.app_id, kind=kind, user=claim.user_id, now=claim.claimed_at, served=served
    ).execute()


def _noting(_now: Any) -> Any:
    first = Case(None, [(Refusal.at <= given("served"), EXCLUDED.first_at)], Refusal.first_at)
    return Refusal.insert(
        app=given("app"),
        kind=given("kind"),
        user=given("user"),
        first_at=given("now"),
        at=given("now"),
    ).on_conflict(
        conflict_target=[Refusal.app, Refusal.kind, Refusal.user],
        update={Refusal.at: EXCLUDED.at, Refusal.first_at: first},
    )


_NOTE = Prepared(Refusal, _noting)


def _lately(since: datetime) -> list[tuple[int, str]]:
    """(app, failure) of refusals that are new enough to count."""
    query = Refusal.select(Refusal.app, Refusal.kind).where(Refusal.at > since).distinct()
    return list(query.tuples())


def _trip(app_id: int, failure: Failure, now: datetime) -> None:
    if Mark.advance(_mark(app_id, failure.value), None, now):
        log.event(
            "guard_tripped", log.ERROR, app=app_id, failure=failure.value,
        )  # fmt: skip


def _tripped(app_id: int, failure: Failure, now: datetime, longest_poll: timedelta) -> bool:
    refusals = (Refusal.app == app_id) & (Refusal.kind == failure.value)
    window = refusals & (Refusal.at > now - mass_failure.window(longest_poll))
    latest = Refusal.select(Refusal.first_at).where(window).order_by(Refusal.first_at.desc())
    begins = [row.first_at for row in latest.limit(2)]
    if len(begins) <= 1:
        return False
    lately = now - mass_failure.MINUTES
    new = Refusal.first_at > now - mass_failure.LASTING
    hour, minutes = (
        Refusal.select(
            fn.SUM(Case(None, [(new & (Refusal.at > now - mass_failure.WINDOW), 1)], 0)),
            fn.SUM(Case(None, [(new & (Refusal.at > lately), 1)], 0)),
        )
        .where(window)
        .tuples()
        .get()
    )
    well = Connection.last_success_at
    people, served, served_lately = (
        Connection.select(
            fn.COUNT(Connection.user),
            # A batch has one instant for all its people, so a success may be as old as a refusal.
            fn.SUM(Case(None, [(well >= min(begins[1], lately), 1)], 0)),
            fn.SUM(Case(None, [(well > lately, 1)], 0)),
        )
        .where((Connection.app == app_id) & Connection.status.in_(POLLED))
        .tuples()
        .get()
    )
    return (
        mass_failure.everybody(len(begins), int(served or 0))
        or mass_failure.tripped(int(hour), people)
        or mass_failure.tripped_at_once(int(minutes), int(minutes) + int(served_lately or 0))
    )


def _spare(guard: Guard, window: timedelta) -> None:
    """Take back what was charged shortly before the guard tripped.

    What was written to them stays known: whoever was told by mistake hears that it passed.
    """
    people = Refusal.select(Refusal.user).where(
        (Refusal.app == guard.app_id)
        & Refusal.kind.in_(kinds_of(guard.failure.value))
        & (Refusal.at > guard.since - window)
    )
    with transaction():
        spared = (
            Connection.update(
                status=ACTIVE,
                consecutive_failures=0,
                last_failure_type=None,
                circuit_open_until=LONG_AGO,
                next_poll_at=clock.now(),
            )
            .where(
                incident.unheld(
                    Connection.user.in_(people)
                    & (Connection.last_failure_type == guard.failure.value)
                    & (Connection.consecutive_failures > 0)
                    & Connection.status.in_(POLLED)
                    & (Connection.lease_until <= clock_now())
                )
            )
            .execute()
        )
    if spared:
        log.event(
            "guard_spared", log.WARNING, app=guard.app_id, failure=guard.failure.value,
            people=spared,
        )  # fmt: skip


def _mark(app_id: int, kind: str) -> str:
    return f"{guard_marks.IN_FORCE}{app_id}:{kind}"
