"""Error pages: what happened, whether the archive goes on, one thing to do, a reference.

One module although it is long: the words of all errors stand beside the answers that show them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Flask, Response, current_app, flash, make_response, request, session
from flask_wtf.csrf import CSRFError
from peewee import PeeweeException
from redis.exceptions import (
    AskError,
    ClusterError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from audiospective import log
from audiospective.models.database_away import says_away, says_full
from audiospective.models.users import SignedOutError
from audiospective.policy import in_words, redis_refusal
from audiospective.web import access, repeated_faults
from audiospective.web.api import problems
from audiospective.web.api.problems import ProblemError
from audiospective.web.htmx import is_fragment
from audiospective.web.local_redirect import local_path

GOES_ON = "Your plays are saved as before."  # true as well where a member has paused
REFERENCE = "@reference@"  # where the page made at start takes the reference of one failure


@dataclass(frozen=True)
class Words:
    """One error in words; `action` leads to `href`, or to the same page again if that is empty.

    `goes_on`: what becomes of new plays meanwhile, for whoever has an archive.
    """

    title: str
    text: str
    action: str = "Go to the start page"
    href: str = "/"
    goes_on: str = GOES_ON


WORDS = {
    400: Words("That could not be read", "Something in the address or the form is wrong."),
    401: Words(
        "Please sign in",
        "Your session has ended, or you have not signed in yet.",
        "Sign in",
        "/sign-in",
    ),
    403: Words("That is refused", "It was sent without encryption (http), or is not for you."),
    404: Words("There is nothing here", "The address may be mistyped, or what it named is gone."),
    405: Words(
        "This cannot be opened like that", "The address belongs to a button of another page."
    ),
    409: Words("That is already under way", "Something you started before is not finished yet."),
    410: Words("This is gone", "It was here, and it has been deleted or has expired."),
    413: Words("That is too large", "The server takes less than what was sent."),
    422: Words("Something in the form is missing", "Go back, look it over and send it again."),
    429: Words("Too many tries", "Wait a minute, then try again.", "Try again", ""),
    500: Words("Something broke on our side", "What failed stands in the log of this server."),
    503: Words("This does not work right now", "Try again in a few minutes.", "Try again", ""),
}
AWAY = Words(
    "The archive cannot be reached right now",
    "The database of this server does not answer. That usually passes within minutes. What is "
    "saved stays saved.",
    "Try again",
    "",
    "Saving plays goes on as before once it answers again.",  # true as well in a pause
)
REDIS_AWAY = replace(
    AWAY,
    title="Redis cannot be reached right now",
    text="Redis, through which this server hands out its work, takes nothing at the moment. That "
    "usually passes within minutes. What is saved stays saved.",
)
FULL = Words(
    "The disk of this server is full",
    "So nothing was changed. What is saved stays saved, and pages that only show something go on.",
    "Try again",
    "",
    "Saving plays goes on as before once whoever runs this server has made room.",
)
# While another server takes over, a copy answers that refuses what is written; so does a full one,
# a cluster (`ClusterError`, `AskError` and their kinds), or one whose user may do too little.
_REDIS = (
    RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError,
    ClusterError, AskError, NoPermissionError,
)  # fmt: skip
# Nobody can say what became of it: the answer of a commit may be what got lost.
SENT = " Look whether what you sent has arrived before you send it again."
TOO_LONG = Words(
    "This page was open too long",
    "The form's safety check ran out, so nothing was changed. Open the page again and repeat it.",
    "Open the page again",
    "",
)


SIGNED_OUT = "You were signed out meanwhile, so nothing was changed. Sign in and repeat it."


def install(app: Flask) -> None:
    broken = _made_at_start(app)
    repeated_faults.install(app)

    @app.errorhandler(ProblemError)
    def told(problem: ProblemError) -> Response:
        return problem.response

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> BaseResponse:
        if access.needs_sign_in():  # the token went with the session: it is no old page
            flash(SIGNED_OUT)
            return access.to_sign_in()
        return answer(400, TOO_LONG)

    @app.errorhandler(SignedOutError)
    def too_late(_error: SignedOutError) -> BaseResponse:
        flash(SIGNED_OUT)
        return access.to_sign_in()

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        code = error.code or 500
        if error.response is not None or code < 400:  # a redirect, or an answer made by a view
            return make_response(error.get_response())
        if problems.asked_here():
            return problems.of(error)
        words = WORDS.get(code) or WORDS[500 if code >= 500 else 400]
        wait = getattr(error, "retry_after", None)
        if code == 429 and isinstance(wait, int):
            words = replace(words, text=f"Wait {in_words.wait(wait)}, then try again.")
        response = answer(code, words)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "WWW-Authenticate"):
                response.headers[name] = value
        return response

    @app.errorhandler(PeeweeException)
    @app.errorhandler(RedisError)
    def away(error: BaseException) -> Response:
        if not _is_of_the_server(error):
            raise error
        name, words = _named(error)
        reference = repeated_faults.tell(name, error, method=request.method, page=_route())
        if problems.asked_here():
            return problems.response(503, reference=reference)
        if request.method not in ("GET", "HEAD") and words is not FULL:
            words = replace(words, text=words.text + SENT)
        return answer(503, words, reference)

    @app.errorhandler(InternalServerError)
    def failed(error: InternalServerError) -> Response:
        cause = error.original_exception
        # Raised while an answer was being finished.
        if cause is not None and _is_of_the_server(cause):
            return away(cause)
        reference = new_reference()
        fields = {"method": request.method, "page": _route(), "reference": reference}
        log.trouble("page_failed", cause or error, **fields)
        if problems.asked_here():
            return problems.response(500, reference=reference)
        if is_fragment():
            return _short(500, WORDS[500], reference)
        page = broken[_has_archive()].replace(REFERENCE, reference)
        return Response(page, 500, mimetype="text/html")


def _is_of_the_server(error: BaseException) -> bool:
    """Whether the database or Redis cannot be used just now: no fault of the page."""
    if isinstance(error, RedisError):
        return isinstance(error, _REDIS) or redis_refusal.takes_nothing(error)
    return says_away(error) or says_full(error)


def _named(error: BaseException) -> tuple[str, Words]:
    """How such an error is called in the log, and on the page."""
    if isinstance(error, RedisError):
        return "redis_away", REDIS_AWAY
    return ("database_full", FULL) if says_full(error) else ("database_away", AWAY)


def new_reference() -> str:
    """Eight characters that find one failure in the log."""
    return secrets.token_hex(4)


def answer(code: int, words: Words, reference: str | None = None) -> Response:
    """An error page with status `code`; asked for by htmx, one plain line for #alert."""
    if reference is None:
        reference = new_reference()
        log.event(
            "page_refused", method=request.method, page=_route(), status=code, reference=reference
        )
    if is_fragment():
        response = _short(code, words, reference)
    else:
        # A path may begin with two slashes, which a browser would read as another host.
        here = local_path(request.path, "/")
        again = here if request.method == "GET" else _same_site_path(request.referrer)
        href = words.href or again
        if code == 401:
            href = f"{href}?{urlencode({'next': local_path(again, '/')})}"
        # Past the context processors and `bare`: who is there is not looked up, since the
        # database may be what failed.
        page = current_app.jinja_env.get_template("errors/page.html").render(
            bare=True,
            code=code,
            words=words,
            goes_on=words.goes_on if _has_archive() else "",
            href=href,
            reference=reference,
        )
        response = make_response(page, code)
    if code == 401 and is_fragment():
        # The whole page turns into the invitation to sign in; a login inside a panel helps nobody.
        response.headers["HX-Redirect"] = _same_site_path(request.headers.get("HX-Current-URL"))
    if code in (429, 503):
        response.headers.setdefault("Retry-After", "60")
    return response


def _has_archive() -> bool:
    """Whether the browser holds a session of a member, ended or not: no row is read for it."""
    return bool(session.get("_user_id"))


def _route() -> str:
    """The rule of an address, not what e-mails put into it: a link's token is a key, and logs are
    read. An address that fits no rule, or not this method, is told by its first part if that is one
    of ours: what follows may be a token that was mistyped or sent in another way.
    """
    if request.url_rule is not None:
        return str(request.url_rule.rule)
    first = request.path.split("/")[1]
    known = {rule.rule.split("/")[1] for rule in current_app.url_map.iter_rules()}
    return f"/{first}/…" if first in known else "(an unknown address)"


def _short(code: int, words: Words, reference: str) -> Response:
    line = f"{words.title}. {words.text} ({reference})"
    return Response(line, code, mimetype="text/plain")


def _same_site_path(url: str | None) -> str:
    """The path of an address on this site, such as the page a form was on; else the start page."""
    home = request.host_url
    return local_path(url[len(home) - 1 :] if url and url.startswith(home) else None, "/")


def _made_at_start(app: Flask) -> dict[bool, str]:
    """The 500 page for whoever has an archive and for strangers, rendered once: when it is needed,
    neither database nor session may work.
    """
    with app.test_request_context("/"):
        page = app.jinja_env.get_template("errors/500.html")
        return {
            known: page.render(
                words=WORDS[500], goes_on=GOES_ON if known else "", reference=REFERENCE, code=500
            )
            for known in (True, False)
        }
