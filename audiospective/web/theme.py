"""Light, dark or the system's choice: a cookie that the server reads, so no page flashes."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, request
from werkzeug.wrappers import Response

from audiospective.web.local_redirect import local_path

blueprint = Blueprint("theme", __name__)

THEMES = ("light", "dark")
COOKIE = "theme"
A_YEAR = 365 * 24 * 3600


def chosen() -> str | None:
    """`light`, `dark`, or None when the system decides."""
    value = request.cookies.get(COOKIE)
    return value if value in THEMES else None


@blueprint.post("/theme")
def choose() -> Response:
    value = request.form.get("theme", "")
    if value not in (*THEMES, "system"):
        abort(400)
    response = redirect(local_path(request.form.get("next"), "/"), 303)
    options = {
        "httponly": True,
        "samesite": "Lax",
        "secure": current_app.config["SESSION_COOKIE_SECURE"],
    }
    if value == "system":
        response.delete_cookie(COOKIE, **options)
    else:
        response.set_cookie(COOKIE, value, max_age=A_YEAR, **options)
    return response
