"""Puts the sandbox together as one WSGI app."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

from audiospective.sandbox import answers, api, consent, control_api, mail, oauth, pages
from audiospective.sandbox.clock import real_now_ms
from audiospective.sandbox.state import SandboxState


def create_sandbox(
    home: Path | None = None,
    *,
    base: str = "http://127.0.0.1:8888",
    seed: str = "sandbox",
    demo: bool = True,
    source_ms: Callable[[], int] = real_now_ms,
    listening_at: str | None = None,
) -> Flask:
    """A sandbox as a Flask app; its SandboxState is at `app.extensions["sandbox"]`.

    `home` keeps what must survive a restart (None: nothing does), `base` is the address under
    which it will be reached, `demo` brings listeners along, `source_ms` is the time in UTC
    milliseconds that the virtual clock starts from, `listening_at` its address on this machine if
    that differs from `base`. It answers under these two addresses only.
    """
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox"] = SandboxState(base.rstrip("/"), home, seed, demo, source_ms)
    for module in (api, oauth, consent, mail, control_api, pages):
        app.register_blueprint(module.bp)

    plain = app.wsgi_app

    def lenient(environ: Any, start: Any) -> Iterable[bytes]:
        # Spotify takes a slash at the end of any path, and clients rely on it.
        if environ["PATH_INFO"].startswith("/v1/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].rstrip("/")
        return plain(environ, start)

    app.wsgi_app = lenient  # type: ignore[assignment]

    hosts = {urlsplit(address).netloc for address in (base, listening_at or base)}

    @app.before_request
    def only_our_name() -> Response | None:
        # A page on the web can point a name of its own at this machine and would then read the
        # inbox with the links in it; the browser still says which name it asked for.
        if request.headers.get("Host", "") in hosts:
            return None
        return Response("The sandbox is not known under this name.\n", 421, mimetype="text/plain")

    @app.errorhandler(500)
    def broken(_: Exception) -> Response:
        """A fault of the sandbox itself; real faults are all injected."""
        found = answers.api_error(500, "The sandbox itself failed; see its log.")
        return Response(found.body, found.status, content_type=found.content_type)

    return app
