"""The health page: what is known, what may be missing and why, and what each check found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.models import UnreadablePlay
from audiospective.models.poll_log import PollLog
from audiospective.operations import health
from audiospective.policy import archive_state, calendar, check_log
from audiospective.policy.check_log import Check, Run
from audiospective.web.access import person, signed_in
from audiospective.web.context import services, zone, zone_name
from audiospective.web.health import known_time_tapes, words
from audiospective.web.panels import Failed, made

blueprint = Blueprint("health", __name__)

UNREADABLE = 20
CHECKS = 200  # of the log; most of them say that nothing is new and become one line


@dataclass(frozen=True)
class Day:
    """The checks of one day, newest first, equal ones in a row as one line."""

    checks: int
    failed: int
    added: int
    runs: list[Run]


@blueprint.get("/health")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    now = clock.now()
    state = health.state(services(), member.id)
    drawn = made("tapes", known_time_tapes.of, member.id, state, zone_name(), now)
    broken = isinstance(drawn, Failed)
    return render_template(
        "health/page.html",
        state=state,
        tapes=known_time_tapes.NONE if broken else drawn,
        broken=drawn if broken else None,
        days=_days(member.id),
        unreadable=_unreadable(member.id) if state.unreadable else [],
        renews_soon=archive_state.renews_soon(state, now),
        words=words,
        named=named,
        now=now,
    )


def named(month: datetime) -> str:
    """`November 2026`, in the reader's zone."""
    return f"{month.astimezone(zone()):%B %Y}"


def _days(user_id: int) -> list[Day]:
    rows = PollLog.select().where(PollLog.user == user_id).order_by(PollLog.at.desc()).limit(CHECKS)
    checks = [Check(row.at, row.outcome, row.added, row.took_ms, row.tries) for row in rows]
    found = []
    for _, group in groupby(checks, key=lambda check: calendar.today(zone_name(), check.at)):
        own = list(group)
        found.append(
            Day(
                checks=len(own),
                failed=sum(check.outcome != "ok" for check in own),
                added=sum(check.added for check in own),
                runs=check_log.collapse(own),
            )
        )
    return found


def _unreadable(user_id: int) -> list[UnreadablePlay]:
    mine = UnreadablePlay.select().where(UnreadablePlay.user == user_id)
    return list(mine.order_by(UnreadablePlay.seen_at.desc()).limit(UNREADABLE))
