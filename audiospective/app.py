"""The web application, which `python -m audiospective.web` serves."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from audiospective import boot
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.web import (
    access,
    compression,
    context,
    database,
    errors,
    filters,
    heavy_pages,
    row_numbers,
    security,
    years_away,
)
from audiospective.web.api import cross_origin, tokens
from audiospective.web.sent_files import Request
from audiospective.web.site import BLUEPRINTS

ROOT = Path(__file__).parent.parent

# What surrounds every page; the pages themselves are the blueprints.
FRAME = (
    row_numbers, compression, context, filters, access, years_away, cross_origin, tokens,
    heavy_pages,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application.

    Without `settings`, as gunicorn calls it, the environment is read and what the pages need is
    looked at; whatever is wrong ends the process with one line a fault.
    """
    if settings is None:
        services = boot.services(threads=True)
    else:
        services = Services.build(settings, threads=True)
    settings = services.settings
    app = Flask(
        __name__,
        static_folder=None,
        template_folder=str(ROOT / "templates"),
    )
    app.request_class = Request
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    security.configure(app, settings)
    app.extensions["audiospective"] = services
    database.install(app)  # before what refuses requests: that may look up who asks
    security.install(app, settings)
    for part in FRAME:
        part.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.install(app)
    return app
