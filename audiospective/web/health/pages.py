"""The health page: months with their holes, what each hole came from, and the last checks."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from peewee import fn

from audiospective import clock
from audiospective.models import UnreadablePlay
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.operations import health
from audiospective.policy import completeness
from audiospective.policy.completeness import Month
from audiospective.web.access import person, signed_in
from audiospective.web.context import services, zone

blueprint = Blueprint("health", __name__)

MONTHS = 12
POLLS = 50
UNREADABLE = 20
CAUSES = {
    "overflow": "More than 50 plays between two checks",
    "late": "A device that was offline sent more plays than Spotify still shows",
    "downtime": "Our own checks came too late",
    "authorization": "Spotify had ended our access",
    "outage": "Spotify did not answer",
    "paused": "You had paused or disconnected",
}
RESULTS = {
    "ok": ("saved", "good"),
    "empty": ("An empty list, which is odd; asked again", "warn"),
    "undated": ("Nothing with a usable time, which is odd; asked again", "warn"),
    "auth": ("Access ended", "bad"),
    "not_allowed": ("Account not on the app’s list", "bad"),
    "network": ("No answer", "warn"),
    "silent": ("Nothing, and no profile either", "warn"),
    "rate_limit": ("Spotify asked us to wait", "warn"),
    "quota": ("The day’s allowance is used up", "warn"),
    "app": ("Spotify refused the app", "warn"),
    "withheld": ("Spotify withholds this list from the app", "bad"),
    "unknown": ("It failed for a reason we do not know", "warn"),
}


@blueprint.get("/health")
@signed_in
def page() -> ResponseReturnValue:
    user = person()
    state = health.state(services(), user.id)
    gaps = list(Gap.select().where(Gap.user == user.id).order_by(Gap.ended_at.desc()))
    polls = PollLog.select().where(PollLog.user == user.id).order_by(PollLog.at.desc())
    began = _began(user.id)
    items = UnreadablePlay.select().where(UnreadablePlay.user == user.id)
    return render_template(
        "health/page.html",
        state=state,
        gaps=gaps,
        began=began,
        months=_months(user.timezone, began, gaps, state.at_risk_since),
        polls=list(polls.limit(POLLS)),
        unreadable=list(items.order_by(UnreadablePlay.seen_at.desc()).limit(UNREADABLE)),
        unreadable_count=items.count(),
        causes=CAUSES,
        results=RESULTS,
        span=span,
        named=named,
        now=clock.now(),
    )


def span(length: timedelta) -> str:
    """About how long: `40 minutes`, `5 hours`, `3 days`."""
    minutes = max(1, round(length.total_seconds() / 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    raise AssertionError("there is always a minute")


def named(month: datetime) -> str:
    """`November 2026`, in the reader's zone."""
    return f"{month.astimezone(zone()):%B %Y}"


def _began(user_id: int) -> datetime | None:
    covered = Coverage.select(fn.MIN(Coverage.started_at)).where(Coverage.user == user_id)
    missing = Gap.select(fn.MIN(Gap.probably_from)).where(Gap.user == user_id)
    found = [at for at in (covered.scalar(), missing.scalar()) if at is not None]
    return min(found, default=None)


def _months(
    timezone: str, began: datetime | None, gaps: list[Gap], at_risk: datetime | None
) -> list[Month]:
    if began is None:
        return []
    now = clock.now()
    holes = [(gap.probably_from, gap.ended_at) for gap in gaps if gap.closed_at is None]
    if at_risk is not None:
        holes.append((at_risk, now))
    return completeness.months(timezone, began, now, holes)[:MONTHS]
