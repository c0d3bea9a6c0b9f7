"""The waitlist's pages: ask for a place, confirm, leave, take the place that was held."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import seats, waitlist, waitlist_links, waitlist_standing
from audiospective.policy import addresses
from audiospective.policy.founding import WaitlistReason
from audiospective.web import throttle
from audiospective.web.accounts.callback import ENTRY, NOT_LISTED
from audiospective.web.context import services
from audiospective.web.htmx import is_fragment
from audiospective.web.security import csrf
from audiospective.web.throttle import Limit

blueprint = Blueprint("waitlist", __name__)

HONEYPOT = "website"
A_VISITOR = (Limit("waitlist minute", 6, 60), Limit("waitlist hour", 30, 3600))
ALL = Limit("waitlist all", 600, 3600, shared=True)
NOT_AN_ADDRESS = "Enter an e-mail address like ana@example.org."


@blueprint.get("/waitlist")
def page() -> ResponseReturnValue:
    return _form()


@blueprint.post("/waitlist")
def join() -> ResponseReturnValue:
    """The same answer for every usable address, listed or not, and for robots."""
    throttle.enforce(*A_VISITOR)
    throttle.refuse_without(ALL)  # whatever is typed: the answer tells nothing about an address
    typed = request.form.get("email", "")
    if not request.form.get(HONEYPOT):
        email = addresses.normalized(typed)
        if email is None:
            return _form(typed=typed[: addresses.LONGEST], errors={"email": NOT_AN_ADDRESS})
        waitlist.request(services(), email, _reason(), spend=lambda: throttle.enforce(ALL))
    if is_fragment():
        return render_template("waitlist/_thanks.html")
    return redirect(url_for("waitlist.thanks"), 303)


@blueprint.get("/waitlist/thanks")
def thanks() -> ResponseReturnValue:
    return render_template("waitlist/thanks.html")


@blueprint.route("/waitlist/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    entry = waitlist_links.find(token)
    if entry is None:
        return _unknown()
    if request.method == "POST":
        standing = waitlist_standing.confirm(services(), entry)
        if standing.place_until is not None:
            session[ENTRY] = entry.id  # Spotify may have listed them by now; then they come in
        return redirect(url_for("waitlist.confirm", token=token), 303)
    return render_template(
        "waitlist/confirm.html",
        token=token,
        entry=entry,
        standing=waitlist_standing.standing(entry),
    )


@blueprint.route("/waitlist/leave/<token>", methods=["GET", "POST"])
@csrf.exempt
def leave(token: str) -> ResponseReturnValue:
    """Off the list. Mail programs post here without a cookie; the token is what entitles."""
    entry = waitlist_links.find(token)
    if entry is None:
        return render_template("waitlist/left.html") if "left" in request.args else _unknown()
    if request.method == "POST":
        waitlist.remove(entry)
        if request.form.get("List-Unsubscribe") == "One-Click":
            return ""  # the mail program itself asks (RFC 8058): it follows no redirect
        session.pop(ENTRY, None)
        return redirect(url_for("waitlist.leave", token=token, left=1), 303)
    return render_template("waitlist/leave.html", token=token, entry=entry)


@blueprint.get("/waitlist/place/<token>")
def place(token: str) -> ResponseReturnValue:
    """Where an invitation leads. This browser then comes in through the held place, if it does.

    A link and not a form: a form's way to Spotify would be stopped by the page's own policy.
    """
    entry = waitlist_links.find(token)
    if entry is None:
        return _unknown()
    standing = waitlist_standing.standing(entry)
    if standing.open_until is not None:
        session[ENTRY] = entry.id
    return render_template("waitlist/place.html", token=token, entry=entry, standing=standing)


def _form(typed: str = "", errors: dict[str, str] | None = None) -> ResponseReturnValue:
    status = 422 if errors else 200
    facts = {"typed": typed, "errors": errors or {}}
    if errors and is_fragment():
        return make_response(render_template("waitlist/_form.html", **facts), status)
    why = request.args.get("why", "")
    body = render_template(
        "waitlist/page.html",
        why=why if why in set(WaitlistReason) else "",
        places=seats.places(services()),
        **facts,
    )
    return make_response(body, status)


def _reason() -> str:
    """What they wait for. That Spotify refused the account is known from the callback alone."""
    if session.get(NOT_LISTED):
        return WaitlistReason.NOT_LISTED.value
    opening = seats.places(services()).opening.value
    return opening if opening in set(WaitlistReason) else ""


def _unknown() -> ResponseReturnValue:
    return make_response(render_template("waitlist/unknown.html"), 404)
