"""The dashboard: the state of the archive in one strip, then music as it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.history import recent_plays
from audiospective.history.recent_plays import Found
from audiospective.operations import health
from audiospective.policy import archive_state, counting
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.health import HealthStatus
from audiospective.policy.periods import Kind
from audiospective.web import archive_look
from audiospective.web.access import person, signed_in
from audiospective.web.context import services
from audiospective.web.dashboard import music, newest_plays, todo, tops
from audiospective.web.dashboard.music import Music
from audiospective.web.dashboard.todo import Item
from audiospective.web.figures.lines import Wanted
from audiospective.web.health.words import cause
from audiospective.web.htmx import fragment_of
from audiospective.web.listening import listening
from audiospective.web.panels import Failed, made

blueprint = Blueprint("dashboard", __name__)

PAGE = "dashboard.page"


@dataclass(frozen=True)
class Now:
    """What time changes; `stamp` tells one list of plays from another."""

    state: ArchiveState
    renews_soon: bool
    plays: list[Found]
    stamp: str
    now: datetime

    @property
    def access(self) -> str:
        """How far Spotify's access has run down, as far as buttons name it."""
        return "expired" if self.state.expired else "soon" if self.renews_soon else "later"

    @property
    def back(self) -> str:
        """What is said of a return; the first check after it may leave the status as it was."""
        returned = self.state.returned
        if returned is None:
            return "no"
        return "gap" if returned.gap and returned.gap.is_open else "whole"


@blueprint.get("/dashboard")
@signed_in
def page() -> ResponseReturnValue:
    found = _now()
    left = _todo(found)
    return render_template(
        "dashboard/page.html",
        **_state(found),
        **_music(found),
        todo=left,
        brought_nothing=any(item.label == todo.IMPORT for item in left),
        tabs=tops.TABS,
    )


@blueprint.get("/ui/dashboard")
@fragment_of(PAGE)
@signed_in
def live() -> ResponseReturnValue:
    """Everything on the page that time changes, in one answer, so that no two parts disagree.

    The query says what the page shows: only another status is announced, lists and figures are
    worked out and sent only if a play is new, the buttons only if others are offered now, and what
    a return brought only if that is news.
    """
    found = _now()
    shown, status = _known(request.args.get("status")), found.state.status
    other_plays = request.args.get("plays") != found.stamp
    other_access = request.args.get("access") != found.access
    return render_template(
        "dashboard/_live_update.html",
        **_state(found),
        **(_music(found) if other_plays else {}),
        announce=shown != status,
        other_plays=other_plays,
        other_back=request.args.get("back") != found.back,
        other_offers=other_access
        or shown is None
        or archive_look.offers(shown) != archive_look.offers(status),
    )


def _now() -> Now:
    user_id, now = person().id, clock.now()
    state = health.state(services(), user_id)
    plays = recent_plays.newest(user_id, newest_plays.SHOWN)[: newest_plays.SHOWN]
    return Now(
        state=state,
        renews_soon=archive_state.renews_soon(state, now),
        plays=plays,
        stamp=newest_plays.stamp(plays, state, now),
        now=now,
    )


def _state(found: Now) -> dict[str, Any]:
    return {
        "state": found.state,
        "renews_soon": found.renews_soon,
        "stamp": found.stamp,
        "access": found.access,
        "back": found.back,
        "now": found.now,
        "has_plays": bool(found.plays),
    }


def _music(found: Now) -> dict[str, Any]:
    """The list of plays and all figures; `music` is None where nothing may be counted."""
    own, wanted = listening(), Wanted()
    wanted.add("track", (track for _, track, *_ in found.plays))
    # An archive of files alone has no news: all of it is of more use than a month without plays.
    usual = Kind.ALL if found.state.status is HealthStatus.IMPORT_ONLY else None
    kind = tops.kind_of(request.args.get("period") or usual)
    worked_out = made("figures", music.of, own, found.state, found.now, kind, wanted)
    figures: Music | Failed | None
    if isinstance(worked_out, Failed):
        figures, plays = worked_out, recent_plays.named(found.plays)
    else:
        figures, lines = worked_out
        plays = recent_plays.named(found.plays, lines.names.tracks)
    return {
        "days": newest_plays.by_day(newest_plays.with_gaps(plays, found.state, found.now)),
        "music": figures,
        "again": url_for(PAGE),
        "counted": counting.words(own.options.counting),
        "polled_counts": own.options.polled,
        "founding_number": person().founding_number,
        "cause": cause,
    }


def _todo(found: Now) -> list[Item]:
    return todo.of(person(), found.state, found.now)


def _known(name: str | None) -> HealthStatus | None:
    return HealthStatus(name) if name in set(HealthStatus) else None
