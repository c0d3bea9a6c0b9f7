"""The callback: back from Spotify, settled once, every ending at an address without the code."""

from __future__ import annotations

from flask import (
    Blueprint,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from audiospective.accounts import callbacks, sign_in, sign_up, spotify_app
from audiospective.accounts.outcomes import (
    Joined,
    NotAttached,
    Outcome,
    Returned,
    Unrecognized,
    Visit,
    Waitlisted,
    WrongAccount,
)
from audiospective.models import SpotifyApp, User, transaction
from audiospective.models.base import database
from audiospective.models.sessions import SettledCallback
from audiospective.models.users import SignedOutError
from audiospective.policy.sessions import SPOTIFY
from audiospective.web import access, throttle
from audiospective.web.accounts import flows
from audiospective.web.accounts import sign_in_outcomes as pages
from audiospective.web.accounts.flows import Flow
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("callback", __name__)

BACK_ON = (
    "Back on. Your newest plays are being fetched. Where the archive stood still, plays may be "
    "missing; a file from Spotify can bring them back."
)
ENTRY = "waitlist_entry"  # in the session: the waitlist entry whose link this browser opened
NOT_LISTED = "not_listed"  # in the session: Spotify has refused this browser's account
# Sign-ins that succeed are nobody's attack; those that fail may be somebody trying things out.
FAILURES = Limit("sign-in failures", 60, 60)
# Counted before Spotify is asked, and given back unless the code was no good.
EXCHANGES = Limit("code exchanges", 30, 60)

# The end of a sign-in for each reason to end it.
PAGES = {
    sign_in.BadCodeError: pages.BAD_CODE,
    sign_in.NotListedError: pages.NOT_LISTED,
    sign_in.MissingScopeError: pages.MISSING_SCOPE,
    sign_in.AppRefusedError: pages.APP_REFUSED,
    sign_in.UnavailableError: pages.UNAVAILABLE,
}


@blueprint.get("/callback")
def page() -> ResponseReturnValue:
    """Settle a visit to Spotify, or say in words why not."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return "", 204  # nobody has come back: a browser or a scanner looks ahead
    state = request.args.get("state", "")
    try:
        return _settled(state)
    except SignedOutError:
        flows.drop(state)
        return pages.end(pages.START_AGAIN)


def _settled(state: str) -> ResponseReturnValue:
    flow = flows.find(state)
    member = access.signed_in_person()
    if flow is None and member is not None:
        return redirect(url_for("dashboard.page"), 303)  # a repetition; its sign-in stands
    if flow is None or flow.member != (member.id if member else None):
        throttle.enforce(FAILURES)
        return pages.end(pages.START_AGAIN)
    again = {"next": flow.next} if flow.next else {}
    again |= {"intent": "reconnect"} if flow.renews and not flow.attaches else {}
    if refusal := request.args.get("error"):
        flows.drop(state)
        ended = pages.DENIED if refusal == "access_denied" else pages.REFUSED
        return pages.end(ended, again=again)
    earlier = callbacks.claim(state)
    if earlier is not None:
        return _repeated(state, earlier)
    app = SpotifyApp.get_or_none(SpotifyApp.id == flow.app)
    code = request.args.get("code", "")
    if not code or app is None:
        throttle.enforce(FAILURES)
        return pages.end(pages.START_AGAIN)
    throttle.enforce(EXCHANGES)
    try:
        asked = sign_in.consent_to(services(), app, spotify_app.credentials(services(), app))
        _let_go_of_the_database()
        profile, tokens = sign_in.identify(services(), asked, code, flow.verifier)
    except sign_in.SignInError as error:
        flows.drop(state)
        return _explained(error, again, own_app=app.owner_id is not None)
    visit = Visit(
        app_id=flow.app,
        renews=flow.renews,
        signed_in=flow.member,
        session_key=member.session_key if member else None,
        attaches=flow.attaches,
        expected=flow.expects,
        entry=session.get(ENTRY),
    )
    outcome = sign_up.join(services(), profile, tokens, visit)
    throttle.give_back(EXCHANGES)
    return _answer(state, flow, outcome, again)


def _answer(state: str, flow: Flow, outcome: Outcome, again: dict[str, str]) -> Response:
    match outcome:
        case Joined():
            target = flow.next if outcome.attached and flow.next else url_for("welcome.page")
            return _signed_in(state, outcome, target)
        case Returned():
            target = flow.next or url_for("dashboard.page")
            response = _signed_in(state, outcome, target)
            if outcome.refused is not None:
                return pages.end(pages.REFUSED_SEAT)
            if outcome.reconnected:
                flash(BACK_ON)
            return response
        case Waitlisted(reason):
            return redirect(url_for("waitlist.page", why=reason.value), 303)
        case WrongAccount():
            flows.drop(state)
            again = {"intent": "reconnect"} | again
            return pages.end(pages.OTHER_ACCOUNT, again=again, wrong=outcome)
        case NotAttached():
            flows.drop(state)
            return pages.end(pages.NOT_ATTACHED)
        case Unrecognized():
            flows.drop(state)
            return pages.end(pages.UNRECOGNIZED, again=again)


def _signed_in(state: str, outcome: Joined | Returned, target: str) -> Response:
    same = (User.id == outcome.user_id) & (User.session_key == outcome.session_key)
    user = User.get_or_none(same)
    if user is None:
        raise SignedOutError
    with transaction():  # a sign-out everywhere ends both or keeps both from being made
        user.still_signed_in()  # first, as there: whoever holds a session's row would be waited for
        access.sign_in(user, SPOTIFY)
        callbacks.remember(state, user.id, target)
    return redirect(target)


def _repeated(state: str, earlier: SettledCallback) -> ResponseReturnValue:
    """The same visit once more: a second click, a reload. The first answer may never have come."""
    user = callbacks.signed_in(earlier)
    if user is not None:
        access.sign_in(user, SPOTIFY)
        return redirect(earlier.next_path)
    if callbacks.under_way(earlier):
        here = url_for("callback.page", state=state)
        response = make_response(render_template("accounts/connect/wait.html", here=here))
        response.headers["Refresh"] = f"1; url={here}"
        return response
    throttle.enforce(FAILURES)
    return pages.end(pages.START_AGAIN)


def _explained(error: sign_in.SignInError, again: dict[str, str], *, own_app: bool) -> Response:
    until = error.until if isinstance(error, sign_in.UnavailableError) else None
    if isinstance(error, sign_in.NotListedError) and not own_app:
        session[NOT_LISTED] = True
    if isinstance(error, sign_in.MissingScopeError):
        again = again | {"intent": "reconnect"}  # shows the consent page again
    if not isinstance(error, sign_in.BadCodeError):
        throttle.give_back(EXCHANGES)  # nobody's guess
    return pages.end(PAGES[type(error)], until=until, again=again, own_app=own_app)


def _let_go_of_the_database() -> None:
    """Spotify may take seconds; nobody else should wait for this request's connection so long."""
    if not g.get("brought_connection") and not database.is_closed():
        database.close()
