"""Sessions: where a member is signed in, and how to end one or all of them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import sessions
from audiospective.web import access
from audiospective.web.access import freshly_signed_in, person

blueprint = Blueprint("sessions", __name__)


@blueprint.get("/settings/sessions")
@freshly_signed_in
def page() -> ResponseReturnValue:
    own = access.own_session()
    return render_template(
        "settings/sessions.html", sessions=sessions.of(person()), own=own.id if own else None
    )


@blueprint.post("/settings/sessions/<int:number>/end")
@freshly_signed_in
def end(number: int) -> ResponseReturnValue:
    """End one session; one that is over, or somebody else's, is passed over without a word."""
    own = access.own_session()
    if own is not None and own.id == number:
        access.sign_out()
        return redirect("/", 303)
    if sessions.end(person(), number):
        flash("That browser is signed out.")
    return redirect(url_for("sessions.page"), 303)
