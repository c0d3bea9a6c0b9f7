"""Programs may also be pages of other sites: a token, not a cookie, says whose answer it is."""

from __future__ import annotations

from flask import Flask, Response

from audiospective.web.api import problems
from audiospective.web.api.tokens import ENDS

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Expose-Headers": f"Retry-After, {ENDS}",
    "Access-Control-Max-Age": "3600",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def install(app: Flask) -> None:
    @app.after_request
    def allow(response: Response) -> Response:
        if problems.asked_here():
            response.headers.update(HEADERS)
        return response
