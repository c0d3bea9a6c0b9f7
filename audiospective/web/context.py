"""What every page may ask for: the services, the person, their clock."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app, g, has_request_context
from flask_login import current_user

from audiospective.services import Services
from audiospective.web import navigation, theme
from audiospective.web.htmx import CONFIG

UTC = ZoneInfo("UTC")


def services() -> Services:
    """The services of this application."""
    return cast(Services, current_app.extensions["audiospective"])


def viewer() -> Any:
    """The signed-in person, or None. Asks the database the first time in a request."""
    if not has_request_context() or not hasattr(current_app, "login_manager"):
        return None
    return current_user if current_user.is_authenticated else None


def zone() -> tzinfo:
    """The zone that this request's times are written in; UTC for strangers."""
    if "zone" not in g:
        person = viewer()
        try:
            g.zone = ZoneInfo(person.timezone) if person else UTC
        except (ZoneInfoNotFoundError, ValueError):
            g.zone = UTC
    return cast(tzinfo, g.zone)


def install(app: Flask) -> None:
    """Give templates what the frame of a page asks for; functions: error pages ask nothing."""
    app.jinja_env.globals.update(
        viewer=viewer,
        theme=theme.chosen,
        htmx_config=CONFIG,
        navigation=navigation.entries,
        address=navigation.address,
    )
