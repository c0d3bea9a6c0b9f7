"""The pages of reports: one that leads to all, each report, and what can be taken from it."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.operations import health
from audiospective.policy import calendar, periods
from audiospective.policy.periods import Period
from audiospective.stats.listening import Listening
from audiospective.web.access import person, signed_in
from audiospective.web.context import services
from audiospective.web.listening import listening
from audiospective.web.panels import made
from audiospective.web.reports import overview, picture, report, text
from audiospective.web.reports.report import Report

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports")
@signed_in
def page() -> ResponseReturnValue:
    """Every month and year with plays, and a form for a range of days."""
    asked = request.args.get("from", ""), request.args.get("to", "")
    error = None
    if any(asked):
        found = _range(*asked)
        if found is not None:
            return redirect(url_for("reports.one", address=found.address), 303)
        error = "Enter two days, the earlier one first."
    own, today = listening(), _today(listening())
    return render_template(
        "reports/page.html",
        overview=overview.of(own, today),
        today=today,
        asked=asked,
        error=error,
    ), 422 if error else 200


@blueprint.get("/reports/<address>")
@signed_in
def one(address: str) -> ResponseReturnValue:
    own, now = listening(), clock.now()
    today = _today(own)
    period = _period(own, address, today)
    if period.first > today:
        return render_template("reports/future.html", period=period, title=periods.title(period),
                               today=today), 404  # fmt: skip
    before = periods.before(period, own.options.week_start)
    after = periods.after(period, own.options.week_start)
    return render_template(
        "reports/one.html",
        report=made("report", _report, own, period, now),
        period=period,
        title=periods.title(period),
        text=text,
        before=before,
        after=after if after and after.first <= today else None,
        titled=periods.title,
        polled_counts=own.options.polled,
    )


@blueprint.get("/reports/<address>/text")
@signed_in
def as_text(address: str) -> ResponseReturnValue:
    own = listening()
    found = _whole(own, address)
    return Response(text.of(found), content_type="text/plain; charset=utf-8")


@blueprint.get("/reports/<address>/picture.svg")
@signed_in
def as_svg(address: str) -> ResponseReturnValue:
    own = listening()
    found = _whole(own, address)
    return _file(picture.svg(found).encode(), "image/svg+xml", f"audiospective-{address}.svg")


@blueprint.get("/reports/<address>/picture.png")
@signed_in
def as_png(address: str) -> ResponseReturnValue:
    own = listening()
    found = _whole(own, address)
    return _file(picture.png(picture.svg(found)), "image/png", f"audiospective-{address}.png")


def _report(own: Listening, period: Period, now: datetime) -> Report:
    return report.of(own, health.state(services(), person().id), period, now)


def _whole(own: Listening, address: str) -> Report:
    """A report to take along, which could not tell of plays that it had to go without."""
    found = _report(own, _begun(own, address), clock.now())
    if years := away.years():
        raise YearAwayError(min(years), "a report to take along needs every play")
    if not found.is_whole:
        abort(500)
    return found


def _period(own: Listening, address: str, today: date) -> Period:
    first = report.first_day(own)
    found = periods.parse(address, today, first, own.options.week_start)
    if found is None:
        abort(404)
    return found


def _begun(own: Listening, address: str) -> Period:
    today = _today(own)
    found = _period(own, address, today)
    if found.first > today:
        abort(404)
    return found


def _today(own: Listening) -> date:
    return calendar.today(own.options.zone, clock.now())


def _range(first: str, last: str) -> Period | None:
    try:
        found = periods.span(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None
    return periods.parse(found.address, found.last, None)


def _file(body: bytes, kind: str, name: str) -> Response:
    response = Response(body, content_type=kind)
    response.headers.set("Content-Disposition", "inline", filename=name)
    # A picture opened by itself is a document: nothing in it may run or load.
    response.headers["Content-Security-Policy"] = picture.POLICY
    return response
