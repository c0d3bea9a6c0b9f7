"""The settings of sending plays on: where to, trying it, the past, the end."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.exports import forwarding
from audiospective.exports.forwarding import UnusableError
from audiospective.policy import listen_servers
from audiospective.web import throttle, trials
from audiospective.web.access import freshly_signed_in, person
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("forwarding", __name__)

TRIALS = Limit("forwarding trials", 20, 3_600)


@blueprint.get("/settings/forwarding")
@freshly_signed_in
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/settings/forwarding")
@freshly_signed_in
def save() -> ResponseReturnValue:
    """Ask the server whose token it is, and keep it. What was typed as one is not shown again."""
    throttle.enforce(TRIALS, who=f"member {person().id}")
    known = forwarding.of(person().id)
    root = listen_servers.root(request.form.get("root", ""))
    token = request.form.get("token", "").strip()[: listen_servers.TOKEN_LENGTH]
    players = request.form.get("players") == "yes"
    errors: dict[str, str] = {}
    if wrong := listen_servers.fault(root):
        errors["root"] = wrong
    if not token and (known is None or known.root != root):
        errors |= {"token": "Enter your token of that server."}
    if not token.isascii() or not token.isprintable():
        errors |= {"token": "A token has no such characters."}
    if not errors:
        try:
            with trials.turn():
                name = forwarding.save(services(), person(), root, token, players=players)
        except UnusableError as error:
            errors["token" if str(error) == forwarding.REFUSED else "root"] = str(error)
    if errors:
        return _page({"root": root, "players": players}, errors)
    flash(f"Saved. The server knows you as {name}." if name else "Saved. The server answers.")
    return redirect(url_for("forwarding.page"), 303)


@blueprint.post("/settings/forwarding/test")
@freshly_signed_in
def test() -> ResponseReturnValue:
    """Ask the server again whose token it is; nothing is sent."""
    throttle.enforce(TRIALS, who=f"member {person().id}")
    row = forwarding.of(person().id)
    if row is not None:
        try:
            with trials.turn():
                name = forwarding.checked(services(), person().id, row.root, row.token_encrypted)
            flash(f"The server answers and knows you as {name}." if name else "The server answers.")
        except UnusableError as error:
            flash(str(error))
    return redirect(url_for("forwarding.page"), 303)


@blueprint.post("/settings/forwarding/past")
@freshly_signed_in
def past() -> ResponseReturnValue:
    if forwarding.send_past(person().id):
        flash("Your earlier plays follow bit by bit, the newest first.")
    return redirect(url_for("forwarding.page"), 303)


@blueprint.post("/settings/forwarding/stop")
@freshly_signed_in
def stop() -> ResponseReturnValue:
    if forwarding.stop(person().id):
        flash("Ended. The token is deleted here; what was sent stays there.")
    return redirect(url_for("forwarding.page"), 303)


def _page(
    typed: dict[str, object] | None = None, errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    row = forwarding.of(person().id)
    known = {
        "root": row.root if row else listen_servers.LISTENBRAINZ,
        "players": bool(row and row.players),
    }
    body = render_template(
        "settings/forwarding.html",
        row=row,
        typed={**known, **(typed or {})},
        errors=errors or {},
        now=clock.now(),
    )
    return make_response(body, 422 if errors else 200)
