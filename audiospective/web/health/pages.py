"""The health page: what may be missing month by month, why, and what each check found."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.models import UnreadablePlay
from audiospective.models.poll_log import PollLog
from audiospective.operations import health
from audiospective.policy import archive_state, check_log, completeness
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.check_log import Check, Run
from audiospective.policy.completeness import Month
from audiospective.web.access import person, signed_in
from audiospective.web.context import services, zone, zone_name
from audiospective.web.health import words

blueprint = Blueprint("health", __name__)

MONTHS = 12
UNREADABLE = 20
CHECKS = 200  # of the log; most of them say that nothing is new and become one line


@blueprint.get("/health")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    now = clock.now()
    state = health.state(services(), member.id)
    return render_template(
        "health/page.html",
        state=state,
        months=_months(state, now),
        runs=_runs(member.id),
        unreadable=_unreadable(member.id) if state.unreadable else [],
        renews_soon=archive_state.renews_soon(state, now),
        words=words,
        named=named,
        now=now,
    )


def named(month: datetime) -> str:
    """`November 2026`, in the reader's zone."""
    return f"{month.astimezone(zone()):%B %Y}"


def _runs(user_id: int) -> list[Run]:
    rows = PollLog.select().where(PollLog.user == user_id).order_by(PollLog.at.desc()).limit(CHECKS)
    return check_log.collapse(
        Check(row.at, row.outcome, row.added, row.took_ms, row.tries) for row in rows
    )


def _unreadable(user_id: int) -> list[UnreadablePlay]:
    mine = UnreadablePlay.select().where(UnreadablePlay.user == user_id)
    return list(mine.order_by(UnreadablePlay.seen_at.desc()).limit(UNREADABLE))


def _months(state: ArchiveState, now: datetime) -> list[Month]:
    """Time after the last check is neither known nor lost, so it is in no month yet."""
    began, until = state.began, state.known_until
    if began is None or until is None or until - began < timedelta(0):
        return []
    lost, possible = archive_state.spans(state.gaps, now)
    return completeness.months(zone_name(), began, until, lost, possible)[:MONTHS]
