"""The link that takes a Spotify account away again from an archive it was attached to."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import attachment
from audiospective.web import access, throttle
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("detach", __name__)

TRIES = Limit("detach tries", 30, 60)


@blueprint.route("/detach/<token>", methods=["GET", "POST"])
def page(token: str) -> ResponseReturnValue:
    """Mail scanners open links, so a GET changes nothing. The link alone entitles."""
    user = attachment.find(services(), token)
    if user is None:
        throttle.enforce(TRIES)
        return make_response(render_template("accounts/detach.html", state="gone"), 410)
    if request.method == "POST":
        attachment.undo(services(), token)
        access.sign_out()
        return redirect(url_for("detach.done"), 303)
    return render_template("accounts/detach.html", state="ask", token=token)


@blueprint.get("/detach/done")
def done() -> ResponseReturnValue:
    return render_template("accounts/detach.html", state="done")
