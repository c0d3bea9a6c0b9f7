"""The dashboard: the state of the archive in one strip, then music as it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.operations import health
from audiospective.policy import archive_state, counting
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.health import HealthStatus
from audiospective.policy.periods import Kind
from audiospective.web import archive_look
from audiospective.web.access import person, signed_in
from audiospective.web.context import services
from audiospective.web.dashboard import music, todo, tops, view
from audiospective.web.dashboard.music import Music
from audiospective.web.dashboard.todo import Item
from audiospective.web.dashboard.view import Row
from audiospective.web.figures import words
from audiospective.web.health.words import cause
from audiospective.web.htmx import fragment_of
from audiospective.web.listening import listening

blueprint = Blueprint("dashboard", __name__)

PAGE = "dashboard.page"


@dataclass(frozen=True)
class Facts:
    """What the page shows; `stamp` tells one list of plays from another.

    `music` is None where there is nothing to work out: no play, or none that may be counted.
    """

    state: ArchiveState
    renews_soon: bool
    days: list[tuple[str, list[Row]]]
    stamp: str
    music: Music | None
    counted: str
    polled_counts: bool
    todo: list[Item]
    founding_number: int | None
    now: datetime


@blueprint.get("/dashboard")
@signed_in
def page() -> ResponseReturnValue:
    return render_template(
        "dashboard/page.html", **vars(_facts()), words=words, cause=cause, tabs=tops.TABS
    )


@blueprint.get("/ui/dashboard")
@fragment_of(PAGE)
@signed_in
def live() -> ResponseReturnValue:
    """Everything on the page that time changes, in one answer, so that no two parts disagree.

    The query says what the page shows: only another status is announced, lists and figures are
    sent only if a play is new, and the buttons only if others are offered now.
    """
    facts = _facts()
    shown, status = _known(request.args.get("status")), facts.state.status
    return render_template(
        "dashboard/_live_update.html",
        **vars(facts),
        words=words,
        cause=cause,
        announce=shown != status,
        other_plays=request.args.get("plays") != facts.stamp,
        other_offers=shown is None or archive_look.offers(shown) != archive_look.offers(status),
    )


def _facts() -> Facts:
    member = person()
    now = clock.now()
    state = health.state(services(), member.id)
    rows = view.with_gaps(view.plays(member.id), state, now)
    found = listening()
    # An archive of files alone has no news: all of it is of more use than a month without plays.
    usual = Kind.ALL if state.status is HealthStatus.IMPORT_ONLY else None
    return Facts(
        state=state,
        renews_soon=archive_state.renews_soon(state, now),
        days=view.by_day(rows),
        stamp=view.stamp(rows),
        music=music.of(found, state, now, tops.kind_of(request.args.get("period") or usual)),
        counted=counting.words(found.view.counting),
        polled_counts=found.view.polled,
        todo=todo.of(member, state, now),
        founding_number=member.founding_number,
        now=now,
    )


def _known(name: str | None) -> HealthStatus | None:
    return HealthStatus(name) if name in set(HealthStatus) else None
