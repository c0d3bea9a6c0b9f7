"""The settings of shared links: what one would show, said before it is made; the list; the end."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.accounts import shares
from audiospective.policy import calendar, periods
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.listening import listening
from audiospective.web.reports import report

blueprint = Blueprint("shares", __name__)

LASTS = {1: "one day", 7: "a week", 30: "thirty days", 365: "a year"}
USUAL = 30


@blueprint.get("/settings/shares")
@signed_in
def page() -> ResponseReturnValue:
    links = [(link, title(link.subject)) for link in shares.of(person())]
    return render_template("shares/page.html", links=links, made=None)


@blueprint.get("/settings/shares/new")
@signed_in
def new() -> ResponseReturnValue:
    """What the link would show, in words, and the button that makes it."""
    subject = _subject(request.args.get("report", shares.PROFILE))
    return _form(subject)


@blueprint.post("/settings/shares")
@freshly_signed_in
def make() -> ResponseReturnValue:
    """A link outlasts the session that made it, so an old cookie does not suffice."""
    subject = _subject(request.form.get("report", ""))
    days = request.form.get("days", "")
    if days not in {str(one) for one in LASTS}:
        return _form(subject, "Choose how long the link shall open."), 422
    try:
        token = shares.make(person(), subject, int(days), listening().options.zone)
    except shares.TooManyError:
        return _form(subject, f"You have {shares.AT_MOST} links. End one of them first."), 422
    links = [(link, title(link.subject)) for link in shares.of(person())]
    made = services().settings.base_url + url_for("shared.page", token=token)
    return render_template("shares/page.html", links=links, made=made)


@blueprint.post("/settings/shares/<int:number>/end")
@signed_in
def end(number: int) -> ResponseReturnValue:
    if shares.end(person(), number):
        flash("That link opens nothing any more.")
    return redirect(url_for("shares.page"), 303)


def title(subject: str) -> str:
    """What a link shows, in short."""
    if subject == shares.PROFILE:
        return "Profile"
    today = clock.now().date()
    found = periods.parse(subject, today, today)
    return f"Report: {periods.title(found)}" if found else "Report"


def _form(subject: str, error: str | None = None) -> str:
    return render_template(
        "shares/new.html",
        subject=subject,
        title=title(subject),
        is_profile=subject == shares.PROFILE,
        lasts=[(str(days), words, None) for days, words in LASTS.items()],
        usual=str(USUAL),
        name=person().display_name,
        error=error,
    )


def _subject(address: str) -> str:
    if address == shares.PROFILE:
        return address
    own = listening()
    today = calendar.today(own.options.zone, clock.now())
    found = periods.parse(address, today, report.first_day(own), own.options.week_start)
    if found is None or found.first > today:
        abort(404)
    return address
