"""What a browser may do with these pages, and which requests are not answered at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, redirect, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from audiospective import log
from audiospective.settings import Settings
from audiospective.web import long_bodies
from audiospective.web.api import problems

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

COVERS = "https://i.scdn.co"  # where Spotify's answers place album covers
BODY_LIMIT = 256 * 1024  # bytes; views that take more say so with `larger_body`
STRANGERS_LIMIT = 32 * 1024  # bytes; nobody who is not signed in has more to send
LOOPBACK = ("127.0.0.1", "[::1]")
PROBES = ("/healthz", "/readyz", "/metrics")  # asked by address, not by name

# The same answer for everybody.
SHARED = ("assets.file", "assets.favicon", "landing.counter", "probes.alive", "probes.ready",
          "shared.page", "shared.of_year")  # fmt: skip

_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")

csrf = CSRFProtect()
_larger: dict[str, int] = {}
_known: dict[str, Callable[[], bool]] = {}


class Sessions(SecureCookieSessionInterface):
    """A session is renewed by pages, never by answers that a shared cache may keep, or programs."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint not in SHARED and not problems.asked_here():
            super().save_session(app, session, response)


def larger_body(endpoint: str, limit: int, known: Callable[[], bool] | None = None) -> None:
    """Let one view take bodies of up to `limit` bytes; settled before anything is parsed.

    `known` says whether the visitor is no stranger, where that is not a matter of a session.
    """
    _larger[endpoint] = limit
    if known is not None:
        _known[endpoint] = known


def policy(settings: Settings) -> str:
    """The Content-Security-Policy: own scripts and styles only, nothing inline, no frames."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {' '.join(image_hosts(settings))}",
            "connect-src 'self'",
            "font-src 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def image_hosts(settings: Settings) -> tuple[str, ...]:
    """Origins that covers may come from; in the sandbox that is the stand-in itself, too."""
    if not settings.sandbox:
        return (COVERS,)
    parts = urlsplit(settings.spotify_api_url)
    return (COVERS, f"{parts.scheme}://{parts.netloc}")


def configure(app: Flask, settings: Settings) -> None:
    """Cookies, sizes and tokens, all from the settings and never from a request."""
    app.session_interface = Sessions()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=[*settings.secret_key_fallbacks],
        # Forms that were open when the key changed still work; the last key signs.
        WTF_CSRF_SECRET_KEY=[*settings.secret_key_fallbacks, settings.secret_key],
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "audiospective",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session: a tab left open overnight still works
        # Some browsers and extensions send no Referer; the token alone proves the form.
        WTF_CSRF_SSL_STRICT=False,
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
    )


def install(app: Flask, settings: Settings) -> None:
    """Refuse forged hosts, demand CSRF tokens, and send the headers."""
    _require_https(app, settings)
    _require_our_name(app, settings)
    _bound_bodies(app)
    long_bodies.install(app)
    csrf.init_app(app)
    _look_through_proxies(app, settings)
    _send_headers(app, settings)


def _require_https(app: Flask, settings: Settings) -> None:
    @app.before_request
    def only_over_https() -> ResponseReturnValue | None:
        # Only where a proxy says that the visitor came without TLS; saying nothing is no answer.
        came_by = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        if not settings.https or came_by != "http" or request.path in PROBES:
            return None
        if request.method not in ("GET", "HEAD"):
            return abort(403, "plain http")
        return cast(Response, redirect(_here(settings), HTTPStatus.PERMANENT_REDIRECT))


def _require_our_name(app: Flask, settings: Settings) -> None:
    home = urlsplit(settings.base_url)
    default_port = 443 if settings.https else 80
    address = (home.hostname or "", home.port or default_port)

    @app.before_request
    def only_our_name() -> ResponseReturnValue | None:
        if request.path in PROBES:
            return None
        header = request.headers.get("Host", "")
        asked = _split_host(header, default_port)
        # A proxy may pass the name on without the port that the browser used.
        if asked == address or (settings.trusted_proxies and header.lower() == address[0]):
            return None
        if asked == ("localhost", address[1]) and home.hostname in LOOPBACK:
            # Spotify refuses localhost as a redirect URI; a session begun there would be lost.
            return cast(Response, redirect(_here(settings)))
        log.event("host_refused", log.WARNING, host=header[:200], expected=settings.base_url)
        return abort(400, "forged host")


def _bound_bodies(app: Flask) -> None:
    @app.before_request
    def only_so_much() -> None:
        size, limit = request.content_length, _larger.get(request.endpoint or "", BODY_LIMIT)
        untold = size is None and "Transfer-Encoding" in request.headers
        known = _known.get(request.endpoint or "", _is_signed_in)
        if (untold or (size or 0) > STRANGERS_LIMIT) and not known():
            if request.endpoint in _larger:
                abort(401)
            limit = STRANGERS_LIMIT
        request.max_content_length = limit
        if (size or 0) > limit:
            abort(413)


def _look_through_proxies(app: Flask, settings: Settings) -> None:
    inner = app.wsgi_app

    def at_the_root(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        # BASE_URL has no path. A SCRIPT_NAME that a visitor got through a proxy would begin every
        # link of the page.
        environ["SCRIPT_NAME"] = ""
        return inner(environ, start)

    app.wsgi_app = at_the_root  # type: ignore[assignment,method-assign]
    if hops := settings.trusted_proxies:
        # Each of them appends to X-Forwarded-For what it saw; Host and port come from BASE_URL.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]


def _send_headers(app: Flask, settings: Settings) -> None:
    headers = {
        "Content-Security-Policy": policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if settings.https:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def send_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        # Personal unless a view says otherwise; a shared cache must never guess.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _here(settings: Settings) -> str:
    """This page at our own address; a path may hold line breaks, which no header takes."""
    query = request.query_string.decode("ascii", "ignore")
    path = quote(request.path, safe="/:@!$&'()*+,;=~")
    return f"{settings.base_url}{path}{query and '?'}{query}"


def _is_signed_in() -> bool:
    return bool(current_user.is_authenticated)


def _split_host(header: str, default_port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(header)
    return (found[1].strip("[]").lower(), int(found[2] or default_port)) if found else ("", 0)
