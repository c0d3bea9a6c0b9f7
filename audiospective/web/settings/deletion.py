"""Leaving: what goes with the account, when, and how to keep it after all."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import deletion, deletion_links, holdings
from audiospective.web import access, throttle
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.local_redirect import local_path
from audiospective.web.throttle import Limit

blueprint = Blueprint("deletion", __name__)

WORD = "delete"  # what has to be typed
LATER, NOW = "later", "now"
TRIES = Limit("keep tries", 30, 60)
WISHES = Limit("deletions", 12, 24 * 3600)  # each of them an e-mail


@blueprint.get("/settings/delete")
@freshly_signed_in
def page() -> ResponseReturnValue:
    """What would be deleted; or, once that was asked for, until when it can be kept."""
    return _page(request.args.get("when", LATER))


@blueprint.post("/settings/delete")
@freshly_signed_in
def delete() -> ResponseReturnValue:
    when, typed = request.form.get("when", ""), request.form.get("confirm", "")
    errors = {}
    if when not in (LATER, NOW):
        errors["when"] = "Choose when."
    if typed.strip().casefold() != WORD:
        errors["confirm"] = f"Type the word {WORD}."
    if errors:
        return _page(when, errors)
    if when == LATER:
        throttle.enforce(WISHES, who=f"member {person().id}")
        deletion.schedule(services(), person())
        return redirect(url_for("deletion.page"), 303)
    deletion.at_once(services(), person())
    access.sign_out()
    return redirect(url_for("deletion.done"), 303)


@blueprint.post("/settings/delete/keep")
@signed_in
def keep() -> ResponseReturnValue:
    """The button stands on other pages, too, and leads back to them: none of it wants a fresh
    sign-in but the page of the deletion itself.
    """
    if deletion.keep(person()):
        flash("Your archive stays. Nothing was deleted.")
    return redirect(local_path(request.form.get("next"), url_for("deletion.page")), 303)


@blueprint.route("/keep/<token>", methods=["GET", "POST"])
def keep_by_link(token: str) -> ResponseReturnValue:
    """Mail scanners open links, so a GET changes nothing. The link alone entitles."""
    found = deletion_links.find(services(), token)
    if found is None:
        throttle.enforce(TRIES)
        return _gone()
    user, due = found
    if request.method == "POST":
        if not deletion.keep(user):
            return _gone()
        return redirect(url_for("deletion.kept"), 303)
    return render_template("settings/keep.html", state="ask", token=token, due=due)


@blueprint.get("/keep/done")
def kept() -> ResponseReturnValue:
    return render_template("settings/keep.html", state="done")


@blueprint.get("/deleted")
def done() -> ResponseReturnValue:
    """After the account is cut off; nothing here knows whose it was."""
    return render_template("settings/deleted.html")


def _gone() -> ResponseReturnValue:
    return make_response(render_template("settings/keep.html", state="gone"), 410)


def _page(when: str, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    body = render_template(
        "settings/delete.html",
        holdings=holdings.of(person()),
        pending=deletion.pending(person()),
        when=when,
        days=deletion.WAITS.days,
        word=WORD,
        backup_days=services().settings.backup_days,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)
