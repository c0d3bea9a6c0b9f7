"""The ends of a sign-in that do not lead in: each a page that says what happened and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, render_template, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from audiospective import clock
from audiospective.accounts import seats
from audiospective.accounts.outcomes import WrongAccount
from audiospective.web.context import services


@dataclass(frozen=True)
class Outcome:
    """A page: its status, its words, and the one thing to do next.

    `again` is the button's label (empty: no button), `quiet` when another comes first; `extra`
    names a fragment of `connect/` for what only this page has.
    """

    status: int
    title: str
    text: tuple[str, ...]
    again: str = "Connect Spotify again"
    extra: str = ""
    quiet: bool = False


DENIED = Outcome(
    200,
    "You said no, and nothing was stored",
    (
        "Spotify told us that you declined. We have learned nothing about your account.",
        (
            "If it was the wrong button, you can simply go there again. We ask for one permission: "
            "to read what you played recently."
        ),
    ),
)
START_AGAIN = Outcome(
    400,
    "That sign-in has run out",
    (
        (
            "It was begun in another window or browser, took more than half an hour, or was used "
            "already. Nothing was changed."
        ),
    ),
    again="Start again",
)
REFUSED = Outcome(
    400,
    "Spotify ended the sign-in",
    ("It gave no reason that we could act on. Nothing was stored.",),
    again="Try again",
)
BAD_CODE = Outcome(
    400,
    "Spotify did not accept the sign-in",
    (
        (
            "The one-time code it gave your browser had been used already or was too old. "
            "That happens when a page is reloaded or opened twice. Nothing was stored."
        ),
    ),
    again="Start again",
)
MISSING_SCOPE = Outcome(
    403,
    "One permission is missing",
    (
        (
            "Without “View your recently played tracks” there is nothing that we could keep for "
            "you, so nothing was stored."
        ),
        "Spotify will ask you once more; please leave that permission in place.",
    ),
)
NOT_LISTED = Outcome(
    403,
    "Spotify has not opened a seat for your account yet",
    (),
    again="Try again",
    extra="accounts/connect/_not_listed.html",
    quiet=True,
)
OTHER_ACCOUNT = Outcome(
    409,
    "That is another Spotify account",
    (),
    again="",
    extra="accounts/connect/_other_account.html",
)
UNAVAILABLE = Outcome(
    503,
    "Spotify does not answer just now",
    ("This is on Spotify’s side, and nothing was stored.",),
    again="Try again",
    extra="accounts/connect/_unavailable.html",
)
APP_REFUSED = Outcome(
    503,
    "Spotify refuses this app",
    (
        (
            "Not you, but the app through which you connect: its secret is wrong, or its owner no "
            "longer has Spotify Premium. Only whoever runs it can mend that."
        ),
    ),
    again="Try again",
    extra="accounts/connect/_app_refused.html",
)
NO_APP = Outcome(
    503,
    "This server has no Spotify app yet",
    (
        (
            "Its operator has not entered a client id, so nobody can connect through it. An "
            "archive from your own files, or through a Spotify app of your own, works all the same."
        ),
    ),
    again="",
    extra="accounts/connect/_without_spotify.html",
)
SECRET_LOST = Outcome(
    503,
    "Your app’s secret cannot be read",
    ("The key it was encrypted with is gone from this server. Enter the secret once more.",),
    again="",
    extra="accounts/connect/_secret_lost.html",
)
REFUSED_SEAT = Outcome(
    200,
    "No Spotify seat is free",
    (
        (
            "You are signed in and your archive is here, but while you were disconnected your seat "
            "went to somebody else. Spotify lets this app serve only a few people at a time."
        ),
    ),
    again="",
    extra="accounts/connect/_no_seat_for_member.html",
)


NOT_ATTACHED = Outcome(
    409,
    "Sign in to your archive first",
    (
        (
            "This archive has no Spotify account yet. To give it one, sign in with a link to its "
            "e-mail address, and connect Spotify right after that. Nothing was changed."
        ),
    ),
    again="",
    extra="accounts/connect/_not_attached.html",
)
UNRECOGNIZED = Outcome(
    503,
    "Spotify did not say clearly who you are",
    (
        (
            "Its answer left out the id by which we know accounts. That usually passes within "
            "minutes. Nothing was changed, and no second archive was made for you."
        ),
    ),
    again="Try again",
)
BY_NAME = {name: value for name, value in globals().items() if isinstance(value, Outcome)}
ENDED = "ended"  # in the session: how the last visit to Spotify ended
NAME_KEPT = 60  # characters of an account's name in the cookie


def end(
    outcome: Outcome,
    *,
    again: dict[str, str] | None = None,
    until: datetime | None = None,
    own_app: bool = False,
    wrong: WrongAccount | None = None,
) -> BaseResponse:
    """To the page of an outcome, away from the address that holds code and state."""
    kept: dict[str, Any] = {
        "name": next(name for name, value in BY_NAME.items() if value is outcome),
        "again": again or {},
        "own_app": own_app,
    }
    if until is not None:
        kept["until"] = clock.to_ms(until)
    if wrong is not None:
        kept["wrong"] = {
            "account_name": (wrong.account_name or "")[:NAME_KEPT],
            "archive_name": (wrong.archive_name or "")[:NAME_KEPT],
            "taken": wrong.taken,
        }
    session[ENDED] = kept
    return redirect(url_for("auth.ended"), 303)


def ended() -> Response | None:
    """The page that `end` led to; None in a browser that has not come from Spotify."""
    kept = dict(session.get(ENDED) or {})
    outcome = BY_NAME.get(kept.get("name", ""))
    if outcome is None:
        return None
    until = clock.from_ms(kept["until"]) if "until" in kept else None
    return page(
        outcome,
        until=until if until is None or until > clock.now() else None,
        again_query=kept["again"],
        own_app=kept["own_app"],
        wrong=kept.get("wrong"),
        place_kept=outcome is NOT_LISTED and seats.places(services()).left > 0,
    )


def page(outcome: Outcome, *, until: datetime | None = None, **facts: Any) -> Response:
    """The page of an outcome; `until` is when to try again, said in words and as Retry-After."""
    again = url_for("auth.connect", **facts.pop("again_query", {}))
    body = render_template(
        "accounts/connect/outcome.html", outcome=outcome, again=again, until=until, **facts
    )
    response = make_response(body, outcome.status)
    if outcome.status == 503:
        seconds = (until - clock.now()).total_seconds() if until else 60
        response.headers["Retry-After"] = str(max(1, int(seconds)))
    return response
