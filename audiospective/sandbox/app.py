"""Puts the sandbox together as one WSGI app."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response

from audiospective.sandbox import answers, api, consent, control_api, mail, oauth, pages
from audiospective.sandbox.clock import real_now_ms
from audiospective.sandbox.world import World


def create_sandbox(
    home: Path | None = None,
    *,
    base: str = "http://127.0.0.1:8888",
    seed: str = "sandbox",
    demo: bool = True,
    source_ms: Callable[[], int] = real_now_ms,
) -> Flask:
    """A sandbox as a Flask app; its World is at `app.extensions["sandbox"]`.

    `home` keeps what must survive a restart (None: nothing does), `base` is the address under
    which it will be reached, `demo` brings listeners along, `source_ms` is the time in UTC
    milliseconds that the virtual clock starts from.
    """
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox"] = World(base.rstrip("/"), home, seed, demo, source_ms)
    for module in (api, oauth, consent, mail, control_api, pages):
        app.register_blueprint(module.bp)

    plain = app.wsgi_app

    def lenient(environ: Any, start: Any) -> Iterable[bytes]:
        # Spotify takes a slash at the end of any path, and clients rely on it.
        if environ["PATH_INFO"].startswith("/v1/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].rstrip("/")
        return plain(environ, start)

    app.wsgi_app = lenient  # type: ignore[assignment]

    @app.errorhandler(500)
    def broken(_: Exception) -> Response:
        """A fault of the sandbox itself; real faults are all injected."""
        found = answers.api_error(500, "The sandbox itself failed; see its log.")
        return Response(found.body, found.status, content_type=found.content_type)

    return app
