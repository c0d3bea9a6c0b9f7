"""`/authorize`: who asks for what, a listener's yes or no, and the way back to the app."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from audiospective.sandbox.apps import App, is_secure
from audiospective.sandbox.calls import Call
from audiospective.sandbox.exchange import state
from audiospective.sandbox.state import SandboxState

bp = Blueprint("consent", __name__)

COOKIE = "sandbox_listener"
CALL = "authorize"
SCOPES = {
    "user-read-recently-played": "See what you played last (up to 50 plays)",
    "user-read-email": "See your e-mail address",
    "user-read-private": "See your country and subscription",
    "user-read-currently-playing": "See what is playing now",
    "user-read-playback-state": "See your player and devices",
    "user-top-read": "See your top artists and tracks",
    "user-library-read": "See what you saved",
    "playlist-read-private": "See your private playlists",
}

HABITS = {
    "silent": "plays nothing unasked",
    "steady": "listens every day",
    "commuter": "listens on the way to work, often offline",
    "night": "listens at night",
    "loop": "plays the same few albums again and again",
    "radio": "leaves the music on all day",
    "seldom": "listens once in a while",
}


@dataclass(frozen=True)
class Asked:
    """What an app asks for, or why it is not even asked (`page`) or sent back (`error`)."""

    app: App | None
    redirect_uri: str
    state: str | None
    scope: str
    challenge: str | None
    page: str | None = None
    error: str | None = None


def read(here: SandboxState, args: MultiDict[str, str]) -> Asked:
    """Check the query of an authorization request."""
    app = here.apps.get(args.get("client_id", ""))
    uri = args.get("redirect_uri", "")
    page = error = None
    if app is None:
        page = "INVALID_CLIENT: Invalid client"
    elif not app.has_redirect(uri):
        page = "INVALID_CLIENT: Invalid redirect URI"
    challenge, method = args.get("code_challenge"), args.get("code_challenge_method")
    scope = " ".join(args.get("scope", "").split())
    if args.get("response_type") != "code":
        error = "unsupported_response_type"
    elif not set(scope.split()) <= set(SCOPES):
        error = "invalid_scope"
    elif (challenge is None) != (method is None) or method not in (None, "S256"):
        error = "invalid_request"
    return Asked(app, uri, args.get("state"), scope, challenge, page, error)


def back(asked: Asked, **answer: str) -> str:
    """The redirect URI with an answer and the state, unchanged."""
    if asked.state is not None:
        answer["state"] = asked.state
    joint = "&" if urlsplit(asked.redirect_uri).query else "?"
    return f"{asked.redirect_uri}{joint}{urlencode(answer)}"


def decide(
    here: SandboxState, asked: Asked, listener_id: str, allow: bool
) -> tuple[str | None, str]:
    """The address to go back to (None: a page instead) and the text of that page.

    An insecure redirect URI is only noticed here, after signing in, as with Spotify.
    """
    app_id = asked.app.client_id if asked.app else None

    def hit(name: str) -> bool:
        return here.faults.hit([name], CALL, listener_id, app_id) is not None

    if asked.app is None or hit("insecure_redirect") or not is_secure(asked.redirect_uri):
        return None, "INVALID_CLIENT: Insecure redirect URI"
    fault = here.faults.hit(["authorize_error"], CALL, listener_id, app_id)
    if fault is not None:
        return back(asked, error=str(fault.get("error", "server_error"))), ""
    if not allow or hit("deny"):
        return back(asked, error="access_denied"), ""
    code = here.grants.new_code(
        asked.app.client_id, listener_id, asked.scope, asked.redirect_uri, asked.challenge
    )
    if here.listeners[listener_id].lively:
        here.wake(here.listeners[listener_id])
    return back(asked, code=code), ""


@bp.get("/authorize")
def ask() -> Response:
    """The consent page."""
    here = state()
    with here.lock:
        asked = read(here, request.args)
        if asked.page or asked.error or asked.app is None:
            return _refused(here, asked)
        known = request.cookies.get(COOKIE)
        again = request.args.get("show_dialog") == "true" or not asked.app.quick_consent
        if known in here.listeners and not again and _agreed(here, asked, known):
            return _decided(here, asked, known, True)
        people = list(here.listeners.values())
    chosen = known if known in here.listeners else next((one.id for one in people), None)
    scopes = [SCOPES[scope] for scope in asked.scope.split()]
    return make_response(
        render_template(
            "consent.html", asked=asked, people=people, chosen=chosen, scopes=scopes,
            args=request.args, habits=HABITS,
        )
    )  # fmt: skip


@bp.post("/authorize")
def answer() -> Response:
    """The listener has decided."""
    here = state()
    with here.lock:
        asked = read(here, request.form)
        if asked.page or asked.error or asked.app is None:
            return _refused(here, asked)
        listener_id = request.form.get("listener", "")
        allow = request.form.get("decision") == "allow"
        if allow and listener_id not in here.listeners:
            return _page(here, 400, "There is no such listener.")
        response = _decided(here, asked, listener_id, allow)
    response.set_cookie(COOKIE, listener_id, httponly=True, samesite="Lax")
    return response


def _agreed(here: SandboxState, asked: Asked, listener_id: str | None) -> bool:
    return asked.app is not None and any(
        set(asked.scope.split()) <= set(grant.scope.split())
        for grant in here.grants.of(listener_id, asked.app.client_id)
    )


def _decided(here: SandboxState, asked: Asked, listener_id: str | None, allow: bool) -> Response:
    place, text = decide(here, asked, listener_id or "", allow)
    if place is None:
        return _page(here, 400, text)
    here.calls.record(_call(asked, listener_id), 302, here.clock.now_ms())
    return _redirect(place)


def _refused(here: SandboxState, asked: Asked) -> Response:
    """Never back to a redirect URI that is not the app's own."""
    if asked.page or asked.error is None:
        return _page(here, 400, asked.page or "")
    here.calls.record(_call(asked, None), 302, here.clock.now_ms())
    return _redirect(back(asked, error=asked.error))


def _page(here: SandboxState, status: int, text: str) -> Response:
    here.calls.record(Call(CALL), status, here.clock.now_ms())
    return make_response(render_template("problem.html", text=text), status)


def _redirect(place: str) -> Response:
    return Response(b"", 302, {"Location": place, "Cache-Control": "no-store"})


def _call(asked: Asked, listener_id: str | None) -> Call:
    return Call(CALL, listener_id, asked.app.client_id if asked.app else None)
