"""What a shared link opens: without a session, for no search engine, with rules of its own."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.accounts import shares
from audiospective.models import SharedLink
from audiospective.operations import health
from audiospective.policy import calendar, periods
from audiospective.policy.periods import Kind, Period
from audiospective.web import listening, throttle
from audiospective.web.context import services
from audiospective.web.reports import overview, report
from audiospective.web.security import image_hosts
from audiospective.web.throttle import Limit

blueprint = Blueprint("shared", __name__)

# Figures of a large archive take time, and anybody who has a link may ask for them.
LIMIT = Limit("shared minute", 60, 60)
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",  # the address is all it takes to come in
    "Cache-Control": "private, no-store",
}


@blueprint.get("/shared/<token>")
def page(token: str) -> ResponseReturnValue:
    """The report; of a profile all time, with links to its years."""
    throttle.enforce(LIMIT)
    link = _link(token)
    return _shown(token, link, "all" if link.subject == shares.PROFILE else link.subject)


@blueprint.get("/shared/<token>/<int:year>")
def of_year(token: str, year: int) -> ResponseReturnValue:
    """One year of a profile."""
    throttle.enforce(LIMIT)
    link = _link(token)
    if link.subject != shares.PROFILE:
        abort(404)
    return _shown(token, link, f"{year:04}")


def policy() -> str:
    """No script, no form, no frame: what may load is our style and covers from Spotify."""
    hosts = " ".join(image_hosts(services().settings))
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self' {hosts}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _link(token: str) -> SharedLink:
    found = shares.find(token)
    if found is None:
        abort(404)
    return found


def _shown(token: str, link: SharedLink, address: str) -> Response:
    now = clock.now()
    zone = calendar.usable(link.zone)
    own = listening.of(link.user, zone)
    today = calendar.today(zone, now)
    period = _period(address, report.first_day(own), today, own.options.week_start)
    state = health.state(services(), link.user_id)
    years = overview.of(own, today).years if link.subject == shares.PROFILE else ()
    response = make_response(
        render_template(
            "shared/page.html",
            report=report.of(own, state, period, now, linked=False),
            name=link.user.display_name,
            years=[year.link for year in years],
            token=token,
            all_time=period.kind is Kind.ALL,
            expires=link.expires_at.date(),
        )
    )
    response.headers.update(HEADERS)
    response.headers["Content-Security-Policy"] = policy()
    return response


def _period(address: str, first: date | None, today: date, week_start: int) -> Period:
    found = periods.parse(address, today, first, week_start)
    if found is None or found.first > today:
        abort(404)
    return found
