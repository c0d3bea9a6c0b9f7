"""Light, dark or the system's choice: kept with the member, and in a cookie for other pages.

The server writes it into the page, so no page flashes.
"""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, request
from werkzeug.wrappers import Response

from audiospective.accounts import preferences
from audiospective.models import User
from audiospective.web.access import signed_in_person
from audiospective.web.local_redirect import local_path

blueprint = Blueprint("theme", __name__)

THEMES = ("light", "dark")
COOKIE = "theme"
A_YEAR = 365 * 24 * 3600


def chosen(member: User | None) -> str | None:
    """`light`, `dark`, or None when the system decides; `member` as the page knows them."""
    value = preferences.of(member).theme if member else request.cookies.get(COOKIE)
    return value if value in THEMES else None


@blueprint.post("/theme")
def choose() -> Response:
    value = request.form.get("theme", "")
    if value not in (*THEMES, "system"):
        abort(400)
    member = signed_in_person()
    if member:
        preferences.save(member.id, {"theme": value})
    response = redirect(local_path(request.form.get("next"), "/"), 303)
    remember(response, value)
    return response


def remember(response: Response, value: str) -> None:
    """Let this browser keep `value` for pages that ask nobody who they are."""
    options = {
        "httponly": True,
        "samesite": "Lax",
        "secure": current_app.config["SESSION_COOKIE_SECURE"],
    }
    if value in THEMES:
        response.set_cookie(COOKIE, value, max_age=A_YEAR, **options)
    else:
        response.delete_cookie(COOKIE, **options)
