"""A Spotify app of one's own: the steps, a live test, and what each refusal means."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from audiospective.accounts import spotify_app
from audiospective.accounts.spotify_app import Trouble
from audiospective.operations import health
from audiospective.web import throttle, trials
from audiospective.web.access import freshly_signed_in, person
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("spotify_app", __name__)

TESTS = Limit("app tests", 10, 300)
STEPS = ("Create an app", "Redirect URI", "List yourself", "ID and secret", "Connect")
ENTER, CONNECT = 4, 5  # numbers of the last two
SHOWN = 4  # characters of the client id that tell one app from another

# For each trouble: the field it belongs to, and what to do about it.
WORDS = {
    Trouble.ID_SHAPE: (
        "client_id",
        "That does not look like a client ID. It has 32 letters and digits, without blanks.",
    ),
    Trouble.SECRET_SHAPE: (
        "client_secret",
        "That does not look like a client secret. It has 32 letters and digits, without blanks.",
    ),
    Trouble.REFUSED: (
        "client_secret",
        (
            "Spotify does not know this pair. Copy both again from the same app; if you have made "
            "a new secret there, the old one no longer works."
        ),
    ),
    Trouble.REDIRECT: (
        "client_id",
        (
            "ID and secret are right, but the redirect URI is not registered with this app. Add it "
            "exactly as shown in step 2 and press Save at Spotify."
        ),
    ),
    Trouble.NOT_REACHED: (
        "client_id",
        (
            "Spotify did not answer, so nothing was checked and nothing was kept. Try again in a "
            "minute."
        ),
    ),
    Trouble.IN_USE: (
        "client_id",
        "This app is already used here. Each person needs one of their own.",
    ),
}


@blueprint.get("/settings/spotify-app")
@freshly_signed_in
def page() -> ResponseReturnValue:
    return _page()


@blueprint.get("/settings/spotify-app/steps/<int:number>")
@freshly_signed_in
def step(number: int) -> ResponseReturnValue:
    """One step at a time, from 1; the last one connects."""
    if not 1 <= number <= len(STEPS):
        abort(404)
    if number == CONNECT and spotify_app.own_app(person()) is None:
        return redirect(url_for("spotify_app.step", number=ENTER))
    return _step(number)


@blueprint.post("/settings/spotify-app")
@freshly_signed_in
def keep() -> ResponseReturnValue:
    """Test the pair and keep it. A secret that was typed is never shown again, not even here."""
    throttle.enforce(TESTS)
    client_id = request.form.get("client_id", "")
    secret = request.form.get("client_secret", "")
    with trials.turn():
        trouble = spotify_app.keep_own(services(), person(), client_id, secret)
    stepwise = request.form.get("stepwise") == "yes"
    if trouble is not None:
        field, words = WORDS[trouble]
        show = _step if stepwise else _page
        return show(ENTER, typed=client_id[:128], errors={field: words})
    flash("Spotify knows your app. Now connect through it.")
    if stepwise:
        return redirect(url_for("spotify_app.step", number=CONNECT), 303)
    return redirect(url_for("spotify_app.page"), 303)


@blueprint.get("/settings/spotify-app/remove")
@freshly_signed_in
def ask_to_remove() -> ResponseReturnValue:
    """What removing the app means; the button on it does it."""
    own = spotify_app.own_app(person())
    used = own is not None and spotify_app.is_used(own)
    return render_template("settings/spotify_app_remove.html", own=_shown(), used=used)


@blueprint.post("/settings/spotify-app/remove")
@freshly_signed_in
def remove() -> ResponseReturnValue:
    if spotify_app.remove_own(person()):
        flash("Your app is removed, and its secret is deleted.")
    return redirect(url_for("spotify_app.page"), 303)


def _step(
    number: int, typed: str = "", errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    own = _shown()
    body = render_template(
        "settings/spotify_app_step.html",
        number=number,
        steps=STEPS,
        reachable=len(STEPS) if own else ENTER,
        own=own,
        callback=services().settings.callback_url,
        typed=typed,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)


def _page(
    _number: int = 0, typed: str = "", errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    own = spotify_app.own_app(person())
    connected = own is not None and spotify_app.is_used(own)
    body = render_template(
        "settings/spotify_app.html",
        own=_shown(),
        connected=connected,
        state=health.state(services(), person().id),
        callback=services().settings.callback_url,
        typed=typed,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)


def _shown() -> str | None:
    """The end of the client id, or None without an app."""
    own = spotify_app.own_app(person())
    return str(own.client_id)[-SHOWN:] if own else None
