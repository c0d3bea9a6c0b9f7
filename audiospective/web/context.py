"""What every page may ask for: the services, the person, their clock."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app, g, has_request_context
from flask_login import current_user

from audiospective.accounts import time_zone
from audiospective.services import Services
from audiospective.web import browser_zone, navigation, operator_links, theme
from audiospective.web.htmx import CONFIG
from audiospective.web.settings import sections

UTC = ZoneInfo("UTC")


def services() -> Services:
    """The services of this application."""
    return cast(Services, current_app.extensions["audiospective"])


def viewer() -> Any:
    """The signed-in person, or None. Asks the database the first time in a request."""
    if not has_request_context() or not hasattr(current_app, "login_manager"):
        return None
    return current_user if current_user.is_authenticated else None


def zone_name() -> str:
    """The zone of this request's reader: the saved one, else the browser's, else UTC."""
    if "zone_name" not in g:
        g.zone_name = _saved_zone() or browser_zone.told() or UTC.key
    return str(g.zone_name)


def zone() -> tzinfo:
    """The zone that this request's times are written in."""
    return ZoneInfo(zone_name())


def zone_is_known() -> bool:
    """Whether times are the reader's own; else they are UTC and say so."""
    return bool(_saved_zone() or browser_zone.told())


def _saved_zone() -> str | None:
    member = viewer()
    name = time_zone.chosen(member) if member else None
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError):  # written by hand, or gone from the system's list
        return None


def install(app: Flask) -> None:
    """Give templates what the frame of a page asks for; functions: error pages ask nothing."""
    settings = cast(Services, app.extensions["audiospective"]).settings
    app.jinja_env.globals.update(
        viewer=viewer,
        theme=theme.chosen,
        htmx_config=CONFIG,
        navigation=navigation.entries,
        address=navigation.address,
        settings_sections=sections.sections,
        settings_address=sections.address,
        zone_is_known=zone_is_known,
        contact=operator_links.contact(settings),
        source=operator_links.source(settings),
        sandbox_links=operator_links.sandbox(settings),
        base_url=settings.base_url,
    )
