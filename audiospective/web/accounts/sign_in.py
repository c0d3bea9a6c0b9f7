"""The sign-in page: with Spotify, or by a link to one's own address."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from audiospective.accounts import sign_in_link
from audiospective.models.users import SignedOutError
from audiospective.notices import mail_tokens
from audiospective.policy import addresses
from audiospective.policy import sessions as rules
from audiospective.policy.sessions import EMAIL
from audiospective.web import access, throttle
from audiospective.web.context import services
from audiospective.web.local_redirect import local_path
from audiospective.web.throttle import Limit
from audiospective.web.waitlist.pages import HONEYPOT, NOT_AN_ADDRESS

blueprint = Blueprint("sign_in", __name__)

A_VISITOR = (Limit("link minute", 6, 60), Limit("link hour", 30, 3600))
ALL = Limit("link all", 600, 3600, shared=True)
TO_ONE = Limit("links to one address", 12, 24 * 3600)  # whoever asks
# Then one at a time, as long as they are good: of an archive without end, of no archive so many.
TO_NONE = Limit("more links to one address", 12, 24 * 3600)
ASKED = "asked"  # in the session: the address for which this browser has asked for a link
TRIES = Limit("link tries", 30, 60)


@blueprint.get("/sign-in")
def page() -> ResponseReturnValue:
    way_back = local_path(request.args.get("next"), "")
    confirms = current_user.is_authenticated and "confirm" in request.args
    if current_user.is_authenticated and not confirms:
        return redirect(way_back or url_for("dashboard.page"))
    return _form(way_back, confirms=confirms)


@blueprint.post("/sign-in")
def ask() -> ResponseReturnValue:
    """The same answer for every usable address, known or not, and for robots."""
    throttle.enforce(*A_VISITOR)
    way_back = local_path(request.form.get("next"), "")
    typed = request.form.get("email", "")
    if not request.form.get(HONEYPOT):
        email = addresses.normalized(typed)
        if email is None:
            typed = typed[: addresses.LONGEST]
            return _form(way_back, typed=typed, errors={"email": NOT_AN_ADDRESS})
        sign_in_link.send(
            services(),
            email,
            way_back,
            seldom=lambda: not throttle.spend(TO_ONE, who=f"address {email}"),
            rarely=lambda: not throttle.spend(TO_NONE, who=f"address {email}"),
            allowed=lambda: not throttle.spend(ALL),
        )
        session[ASKED] = mail_tokens.digest(email)[:16]
    return redirect(url_for("sign_in.sent"), 303)


@blueprint.get("/sign-in/sent")
def sent() -> ResponseReturnValue:
    return render_template(
        "accounts/sign_in/sent.html", minutes=sign_in_link.GOOD_FOR.seconds // 60
    )


@blueprint.get("/sign-in/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """Mail programs open links to look at them: only the button behind it signs in."""
    found = sign_in_link.find(token)
    if found is None:
        return _spent()
    return render_template(
        "accounts/sign_in/link.html",
        token=token,
        email=found.email,
        archives=sign_in_link.archives(found.email),
        asked_here=session.get(ASKED) == mail_tokens.digest(found.email)[:16],
    )


@blueprint.post("/sign-in/link/<token>")
def use(token: str) -> ResponseReturnValue:
    found = sign_in_link.find(token)
    archive = request.form.get("archive", "")
    chosen = int(archive) if archive.isascii() and archive.isdigit() and len(archive) < 10 else None
    user = sign_in_link.use(found, chosen) if found else None
    if found is None or user is None:
        return _spent()
    try:
        access.sign_in(user, EMAIL)
    except SignedOutError:  # which ends links that are on their way
        return _spent()
    begun = user.spotify_account_id is None and user.created_at == user.email_verified_at
    fallback = url_for("welcome.page") if begun and not found.next_path else "/dashboard"
    return redirect(local_path(found.next_path, fallback), 303)


def _form(
    way_back: str,
    *,
    confirms: bool = False,
    typed: str = "",
    errors: dict[str, str] | None = None,
) -> ResponseReturnValue:
    query = {"next": way_back} if way_back else {}
    query |= {"intent": "confirm"} if confirms else {}
    connect = url_for("auth.connect")
    body = render_template(
        "accounts/sign_in/page.html",
        way_back=way_back,
        spotify=f"{connect}?{urlencode(query)}" if query else connect,
        confirms=confirms,
        ways=_ways() if confirms else rules.ways(has_spotify=True, has_address=True),
        typed=typed,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)


def _ways() -> tuple[str, ...]:
    """How the member who is signed in can prove it: only by what the archive already knows."""
    member = access.person()
    return rules.ways(
        has_spotify=member.spotify_account_id is not None,
        has_address=bool(member.email) and member.email_verified_at is not None,
    )


def _spent() -> ResponseReturnValue:
    throttle.enforce(TRIES)
    return make_response(render_template("accounts/sign_in/spent.html"), 410)
