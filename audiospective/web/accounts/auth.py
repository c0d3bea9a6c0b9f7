"""Connect and sign out: off to Spotify, and the ends of sessions."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import sign_in, spotify_app
from audiospective.models import Connection, User
from audiospective.models.connections import ACTIVE, PAUSED
from audiospective.policy import sessions as rules
from audiospective.vault import VaultError
from audiospective.web import access
from audiospective.web.access import signed_in_person
from audiospective.web.accounts import flows, sign_in_outcomes
from audiospective.web.context import services
from audiospective.web.local_redirect import local_path

blueprint = Blueprint("auth", __name__)

RENEWING = ("reconnect", "renew")
NEXT_LENGTH = 200  # of a way back kept in the cookie, which must stay below 4 KB


@blueprint.get("/connect")
def connect() -> ResponseReturnValue:
    """Off to Spotify. A plain link leads here: a form's redirect would be stopped by the CSP."""
    intent = request.args.get("intent", "")
    way_back = local_path(request.args.get("next"), "")
    member = signed_in_person()
    if member and not intent and _works(member):
        return redirect(way_back or url_for("dashboard.page"))
    attaches = member is not None and member.spotify_account_id is None
    if attaches and not _may_attach():
        return access.to_sign_in(confirm=True)
    if member and attaches and intent != "attach":
        return render_template(
            "accounts/connect/attach.html", email=member.email, way_back=way_back
        )
    expected = session.get(access.EXPECTS)
    app = spotify_app.app_of(services(), member or User.get_or_none(User.id == expected))
    if not app.client_id:
        return sign_in_outcomes.page(sign_in_outcomes.NO_APP)
    try:
        asked = sign_in.consent_to(services(), app, spotify_app.credentials(services(), app))
    except sign_in.UnavailableError as error:
        return sign_in_outcomes.page(sign_in_outcomes.UNAVAILABLE, until=error.until)
    except VaultError:  # encrypted with a key that is gone
        return sign_in_outcomes.page(sign_in_outcomes.SECRET_LOST)
    confirms = intent == "confirm" and member is not None
    state, flow = flows.begin(
        app.id,
        renews=intent in RENEWING or (member is not None and not confirms),
        confirms=confirms,
        attaches=attaches,
        member=member.id if member else None,
        expects=expected,
        next_path=way_back if len(way_back) <= NEXT_LENGTH else "",
    )
    target = asked.consent.address(state, flow.verifier, ask_again=flow.renews or confirms)
    return redirect(target)


@blueprint.get("/connect/ended")
def ended() -> ResponseReturnValue:
    """Why the last visit to Spotify signed nobody in, at an address without its code."""
    return sign_in_outcomes.ended() or redirect(url_for("sign_in.page"))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    access.sign_out()
    return redirect(local_path(request.form.get("next"), "/"), 303)


@blueprint.post("/sign-out/everywhere")
@access.signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    access.sign_out_everywhere(access.person())
    return redirect("/", 303)


def _may_attach() -> bool:
    row = access.own_session()
    return row is not None and rules.may_attach(
        has_spotify=False, way=row.way, is_fresh=access.is_fresh()
    )


def _works(member: User) -> bool:
    """Whether there is nothing to connect: the archive runs, or its owner has paused it."""
    return bool(
        Connection.select(Connection.user)
        .where(Connection.user == member.id, Connection.status.in_((ACTIVE, PAUSED)))
        .exists()
    )
