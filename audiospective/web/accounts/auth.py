"""Connect and callback: to Spotify and back, with every way in which that can end."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from audiospective.accounts import signin, spotify_app
from audiospective.accounts.membership import Joined, Returned, Visit, Waitlisted, WrongAccount
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.base import database
from audiospective.models.connections import ACTIVE, PAUSED
from audiospective.web import access, throttle
from audiospective.web.access import signed_in_person
from audiospective.web.accounts import flows, sign_in_outcomes
from audiospective.web.context import services
from audiospective.web.local_redirect import local_path
from audiospective.web.throttle import Limit

blueprint = Blueprint("auth", __name__)

BACK_ON = (
    "Back on. Your newest plays are being fetched. Where the archive stood still, plays may be "
    "missing; a file from Spotify can bring them back."
)
RENEWING = ("reconnect", "renew")
ENTRY = "waitlist_entry"  # in the session: the waitlist entry whose link this browser opened
NOT_LISTED = "not_listed"  # in the session: Spotify has refused this browser's account
NEXT_LENGTH = 200  # of a way back kept in the cookie, which must stay below 4 KB
# Sign-ins that succeed are nobody's attack; those that fail may be somebody trying things out.
FAILURES = Limit("sign-in failures", 60, 60)

# The end of a sign-in for each reason to end it.
PAGES = {
    signin.BadCodeError: sign_in_outcomes.BAD_CODE,
    signin.NotListedError: sign_in_outcomes.NOT_LISTED,
    signin.MissingScopeError: sign_in_outcomes.MISSING_SCOPE,
    signin.AppRefusedError: sign_in_outcomes.APP_REFUSED,
    signin.UnavailableError: sign_in_outcomes.UNAVAILABLE,
}


@blueprint.get("/connect")
def connect() -> ResponseReturnValue:
    """Off to Spotify. A plain link leads here: a form's redirect would be stopped by the CSP."""
    intent = request.args.get("intent", "")
    way_back = local_path(request.args.get("next"), "")
    member = signed_in_person()
    if member and not intent and _works(member):
        return redirect(way_back or url_for("dashboard.page"))
    expected = session.get(access.EXPECTS)
    app = spotify_app.app_of(services(), member or User.get_or_none(User.id == expected))
    if not app.client_id:
        return sign_in_outcomes.page(sign_in_outcomes.NO_APP)
    try:
        door = signin.door(services(), app, spotify_app.credentials(services(), app))
    except signin.UnavailableError as error:
        return sign_in_outcomes.page(sign_in_outcomes.UNAVAILABLE, until=error.until)
    confirms = intent == "confirm" and member is not None
    state, flow = flows.begin(
        app.id,
        renews=intent in RENEWING or (member is not None and not confirms),
        confirms=confirms,
        member=member.id if member else None,
        expects=expected,
        next_path=way_back if len(way_back) <= NEXT_LENGTH else "",
    )
    target = door.consent.address(state, flow.verifier, ask_again=flow.renews or confirms)
    return redirect(target)


@blueprint.get("/callback")
def callback() -> ResponseReturnValue:
    """Back from Spotify: settle it, or say in words why not."""
    flow = flows.take(request.args.get("state"))
    member = signed_in_person()
    if flow is None or flow.member != (member.id if member else None):
        return _failed(sign_in_outcomes.START_AGAIN)
    again = {"next": flow.next} if flow.next else {}
    again |= {"intent": "reconnect"} if flow.renews else {}
    if refusal := request.args.get("error"):
        ended = sign_in_outcomes.DENIED if refusal == "access_denied" else sign_in_outcomes.REFUSED
        return sign_in_outcomes.page(ended, again_query=again)
    code = request.args.get("code", "")
    app = SpotifyApp.get_or_none(SpotifyApp.id == flow.app)
    if not code or app is None:
        return _failed(sign_in_outcomes.START_AGAIN)
    try:
        door = signin.door(services(), app, spotify_app.credentials(services(), app))
        _let_go_of_the_database()
        profile, tokens = signin.identify(services(), door, code, flow.verifier)
    except signin.SignInError as error:
        return _explained(error, again, own_app=app.owner_id is not None)
    visit = Visit(
        app_id=flow.app,
        renews=flow.renews,
        signed_in=flow.member,
        expected=flow.expects,
        entry=session.get(ENTRY),
    )
    outcome = signin.settle(services(), profile, tokens, visit)
    match outcome:
        case Joined(user_id, _, attached):
            access.sign_in(User.get_by_id(user_id))
            return redirect(flow.next if attached and flow.next else url_for("welcome.page"))
        case Returned(user_id):
            return _back(outcome, flow)
        case Waitlisted(reason):
            return redirect(url_for("waitlist.page", why=reason.value), 303)
        case WrongAccount():
            return sign_in_outcomes.page(
                sign_in_outcomes.OTHER_ACCOUNT,
                wrong=outcome,
                again_query={"intent": "reconnect"} | again,
            )


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    access.sign_out()
    return redirect(local_path(request.form.get("next"), "/"), 303)


@blueprint.post("/sign-out/everywhere")
@access.signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    access.sign_out_everywhere(access.person())
    return redirect("/", 303)


def _works(member: User) -> bool:
    """Whether there is nothing to connect: the archive runs, or its owner has paused it."""
    return bool(
        Connection.select(Connection.user)
        .where(Connection.user == member.id, Connection.status.in_((ACTIVE, PAUSED)))
        .exists()
    )


def _back(outcome: Returned, flow: flows.Flow) -> Response:
    access.sign_in(User.get_by_id(outcome.user_id))
    if outcome.refused is not None:
        return sign_in_outcomes.page(sign_in_outcomes.REFUSED_SEAT)
    if outcome.reconnected:
        flash(BACK_ON)
    return redirect(flow.next or url_for("dashboard.page"))


def _explained(error: signin.SignInError, again: dict[str, str], *, own_app: bool) -> Response:
    until = error.until if isinstance(error, signin.UnavailableError) else None
    if isinstance(error, signin.BadCodeError):
        throttle.enforce(FAILURES)
    if isinstance(error, signin.NotListedError) and not own_app:
        session[NOT_LISTED] = True
    if isinstance(error, signin.MissingScopeError):
        again = again | {"intent": "reconnect"}  # shows the consent page again
    return sign_in_outcomes.page(
        PAGES[type(error)], until=until, again_query=again, own_app=own_app
    )


def _failed(outcome: sign_in_outcomes.Outcome) -> Response:
    throttle.enforce(FAILURES)
    return sign_in_outcomes.page(outcome)


def _let_go_of_the_database() -> None:
    """Spotify may take seconds; nobody else should wait for this request's connection so long."""
    if not g.get("brought_connection") and not database.is_closed():
        database.close()
