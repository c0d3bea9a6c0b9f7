"""The time zone that a reader's browser is set to."""

from __future__ import annotations

from flask import has_request_context, request

from audiospective.accounts import time_zone

COOKIE = "zone"  # set by static/js/app.js


def told() -> str | None:
    """What a script of ours wrote down of the browser's clock, None where none ran."""
    name = request.cookies.get(COOKIE, "") if has_request_context() else ""
    return name if name in time_zone.zones() else None
