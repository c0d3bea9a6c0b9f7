"""The dashboard: the state of the archive first, then the newest plays as they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.operations import health
from audiospective.policy import archive_state
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.health import HealthStatus
from audiospective.web import archive_look
from audiospective.web.access import person, signed_in
from audiospective.web.context import services
from audiospective.web.dashboard import view
from audiospective.web.dashboard.view import PlayLine
from audiospective.web.htmx import fragment_of

blueprint = Blueprint("dashboard", __name__)

PAGE = "dashboard.page"


@dataclass(frozen=True)
class Facts:
    """What the page shows; `stamp` tells one list of plays from another."""

    state: ArchiveState
    renews_soon: bool
    days: list[tuple[str, list[PlayLine]]]
    stamp: str
    now: datetime


@blueprint.get("/dashboard")
@signed_in
def page() -> ResponseReturnValue:
    return render_template("dashboard/page.html", **vars(_facts()))


@blueprint.get("/ui/dashboard")
@fragment_of(PAGE)
@signed_in
def live() -> ResponseReturnValue:
    """Everything on the page that time changes, in one answer, so that no two parts disagree.

    The query says what the page shows: only another status is announced, the list is sent only
    if it is another, and the buttons only if others are offered now.
    """
    facts = _facts()
    shown, status = _known(request.args.get("status")), facts.state.status
    return render_template(
        "dashboard/_live_update.html",
        **vars(facts),
        announce=shown != status,
        other_plays=request.args.get("plays") != facts.stamp,
        other_offers=shown is None or archive_look.offers(shown) != archive_look.offers(status),
    )


def _facts() -> Facts:
    member = person()
    now = clock.now()
    state = health.state(services(), member.id)
    lines = view.plays(member.id)
    return Facts(
        state=state,
        renews_soon=archive_state.renews_soon(state, now),
        days=view.by_day(lines),
        stamp=view.stamp(lines),
        now=now,
    )


def _known(name: str | None) -> HealthStatus | None:
    return HealthStatus(name) if name in set(HealthStatus) else None
