"""Pages that everybody gets alike travel compressed; personal ones do not.

Compressing a page that holds both a secret (a form's token) and something a stranger may choose
tells the secret to whoever can measure lengths (BREACH, 2013).
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

WORTHWHILE = 1024  # bytes; below, the wrapping costs what it saves


def install(app: Flask) -> None:
    @app.after_request
    def compress(response: Response) -> Response:
        shared = response.headers.get("Cache-Control", "").startswith("public")
        if not shared or response.is_streamed or "Content-Encoding" in response.headers:
            return response
        if not (response.mimetype or "").startswith("text/") or response.status_code >= 400:
            return response
        response.vary.add("Accept-Encoding")
        body = response.get_data()
        if len(body) >= WORTHWHILE and request.accept_encodings["gzip"] > 0:
            response.set_data(gzip.compress(body, compresslevel=6, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response
