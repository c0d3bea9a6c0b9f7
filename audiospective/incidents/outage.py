"""What stands still for a whole app: nobody served, an app refused, a feed that does not move."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import Case, fn

from audiospective import clock, log
from audiospective.incidents import guard_marks, incident
from audiospective.incidents.guard_marks import Guard
from audiospective.models import Connection, SpotifyApp
from audiospective.models.connections import ACTIVE
from audiospective.models.marks import Mark
from audiospective.policy import failures, outage
from audiospective.policy.failures import Failure

OUTAGE = "outage:"  # marks: outage:<app>, at the instant when it was noticed
FROZEN = "frozen:"
REFUSED = "app_refused:"


def forget_app(app_id: int) -> None:
    """Drop every mark about an app that is no more; its id may be given again."""
    guards = Mark.name.startswith(f"{guard_marks.IN_FORCE}{app_id}:") | Mark.name.startswith(
        f"{guard_marks.STILL_REFUSED}{app_id}:"
    )
    own = Mark.name.in_([f"{word}{app_id}" for word in (OUTAGE, FROZEN, REFUSED)])
    Mark.delete().where(guards | own).execute()


@dataclass(frozen=True)
class Outage:
    """Nobody of an app, or hardly anybody, is served, or was until a few hours ago.

    `since`: the last success before it; `late` of `people` were without one when it was last seen.
    `noted_at` tells it from another one; it lies ahead, if the clock was ahead then. `told`: it
    lasted for so long, by whichever clock.
    """

    app_id: int
    since: datetime
    noticed_at: datetime
    seen_at: datetime
    late: int
    people: int
    mark: str
    noted_at: datetime
    told: bool

    def is_told(self, now: datetime) -> bool:
        """Whether it has lasted for so long that it is told."""
        return self.told or outage.is_told(self.since, self.noticed_at, now)

    def is_of(self, guard: Guard) -> bool:
        """Whether it is no more than what a guard was tripped by that no longer holds."""
        return guard.app_id == self.app_id and outage.is_explained(
            self.noticed_at, self.seen_at, guard.since, guard.lifted_at
        )


@dataclass(frozen=True)
class Standstill:
    """Something else that stands still for an app since an instant."""

    app_id: int
    since: datetime
    mark: str


def review(longest_poll: timedelta) -> None:
    """Note outages that begin or last, and drop the marks of those that are over."""
    now = clock.now()
    lately = now - outage.late_after(longest_poll)
    # In milliseconds: what a function returns is not converted as a field's value would be.
    well = fn.COALESCE(Connection.last_success_at, Connection.authorized_at)
    late = Case(None, [(well <= clock.to_ms(lately), 1)], 0)
    since = fn.MAX(Case(None, [(well <= clock.to_ms(lately), well)], 0))
    rows = (
        Connection.select(Connection.app, fn.SUM(late), fn.COUNT(Connection.user), since)
        .where((Connection.status == ACTIVE) & ~incident.failing())
        .group_by(Connection.app)
        .tuples()
    )
    known = {found.app_id: found for found in active().values()}
    hit = {}
    for app_id, missing, people, last in rows:
        note = {"late": int(missing), "people": int(people), "since": int(last), "seen": _ms(now)}
        if outage.hits_everybody(note["late"], note["people"]):
            if before := known.get(app_id):
                note |= {"noted": _ms(before.noted_at), "told": int(before.is_told(now))}
            Mark.keep(f"{OUTAGE}{app_id}", now, json.dumps(note))
        hit[app_id] = note
    for mark in Mark.named(OUTAGE):
        if mark.at > now:  # noticed by a clock that was ahead: it counts from now
            Mark.put(mark.name, now, mark.note)
        app = mark.name.removeprefix(OUTAGE)
        still = hit.get(int(app)) if app.isdigit() else None
        seen = clock.from_ms(mark.noted.get("seen", _ms(mark.at)))
        if still is None:
            continue  # nobody is polled there, so nothing shows that it is over
        # Seen as far ahead, it was seen by such a clock, and is not seen by this one.
        if not still["late"] or abs(now - seen) > outage.AFTERMATH:
            Mark.drop(mark.name)
            log.event("outage_over", log.WARNING, app=app)


def active() -> dict[int, Outage]:
    """The outages of the present and of the last hours, by app."""
    found = {}
    for mark in Mark.named(OUTAGE):
        app, note = mark.name.removeprefix(OUTAGE), mark.noted
        if app.isdigit():
            found[int(app)] = Outage(
                app_id=int(app),
                since=clock.from_ms(note.get("since", _ms(mark.at))),
                noticed_at=mark.at,
                seen_at=clock.from_ms(note.get("seen", _ms(mark.at))),
                late=note.get("late", 0),
                people=note.get("people", 1),
                mark=mark.name,
                noted_at=clock.from_ms(note.get("noted", _ms(mark.at))),
                told=bool(note.get("told")),
            )
    return found


def review_feeds() -> None:
    """Note apps whose polls succeed while nobody's list has moved, and those that move again."""
    now = clock.now()
    newest, lately = Connection.newest_play_at, clock.to_ms(now - outage.NIGHT)
    moved = fn.SUM(Case(None, [(newest > lately, 1)], 0))
    rows = (
        Connection.select(Connection.app, moved, fn.COUNT(Connection.user), fn.MAX(newest))
        .where(
            (Connection.status == ACTIVE)
            & (Connection.last_success_at > now - outage.LATELY)
            & (newest > now - outage.LISTENS)
        )
        .group_by(Connection.app)
        .tuples()
    )
    for app_id, count, people, last in rows:
        if outage.stands_still(int(count or 0), int(people)):
            Mark.keep(f"{FROZEN}{app_id}", last)
    for one in frozen():
        if _moves(one):
            Mark.drop(one.mark)


def review_apps() -> None:
    """Note apps that Spotify turns away, and those that were served again since."""
    served = dict(
        Connection.select(Connection.app, fn.MAX(Connection.last_success_at))
        .group_by(Connection.app)
        .tuples()
    )
    refused = {}
    for app in SpotifyApp.select().where(SpotifyApp.block_reason == Failure.APP.value):
        at = app.blocked_at or app.blocked_until - failures.APP_PAUSE
        if (served.get(app.id) or clock.EPOCH) <= at:
            refused[app.id] = at
    for app_id, at in refused.items():
        Mark.keep(f"{REFUSED}{app_id}", at)
    for one in refused_apps():
        if one.app_id not in refused:
            Mark.drop(one.mark)


def frozen() -> list[Standstill]:
    """Apps whose polls succeed while nobody's list has moved."""
    return _standstills(FROZEN)


def refused_apps() -> list[Standstill]:
    """Apps that Spotify turns away."""
    return _standstills(REFUSED)


def _moves(feed: Standstill) -> bool:
    """Whether plays are shown that are newer than the last one before the standstill."""
    moved = fn.SUM(Case(None, [(Connection.newest_play_at > feed.since, 1)], 0))
    count, people = (
        Connection.select(moved, fn.COUNT(Connection.user))
        .where(
            (Connection.app == feed.app_id)
            & (Connection.status == ACTIVE)
            & (Connection.last_success_at > clock.now() - outage.LATELY)
        )
        .tuples()
        .get()
    )
    return outage.moves_again(int(count or 0), int(people))


def _standstills(prefix: str) -> list[Standstill]:
    return [
        Standstill(int(mark.name.removeprefix(prefix)), mark.at, mark.name)
        for mark in Mark.named(prefix)
        if mark.name.removeprefix(prefix).isdigit()
    ]


def _ms(instant: datetime) -> int:
    return clock.to_ms(instant)
