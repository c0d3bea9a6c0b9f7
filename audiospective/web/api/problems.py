"""Errors as programs read them: problem details (RFC 9457), or what ListenBrainz answers."""

from __future__ import annotations

import orjson
from flask import Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

ROOT = "/api/"
# Where ListenBrainz's own API lies: clients take the name of a server, or a longer address.
LISTENBRAINZ = ("/1/", "/api/listenbrainz/1/")
# What its programs are told instead of DETAILS.
LISTENS = {413: "A request may not be larger than 2 MB. Send fewer listens at once."}
MEDIA_TYPE = "application/problem+json"
PASSED_ON = ("Allow", "Retry-After", "WWW-Authenticate")
DETAILS = {
    400: "Something in the request could not be read.",
    401: "This needs a token: Authorization: Bearer <token>. Tokens are made in the settings.",
    403: "This token does not allow that.",
    404: "There is nothing at this address.",
    405: "This address does not answer that method.",
    413: "That is more than the server takes.",
    429: "Too many requests; Retry-After says when to go on.",
    500: "Something broke on our side. It was noted.",
    503: "This does not work right now; try again later.",
}


class ProblemError(Exception):
    """An answer that is an error; `more` stands beside the usual members."""

    def __init__(self, status: int, detail: str | None = None, **more: object) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more

    @property
    def response(self) -> Response:
        return response(self.status, self.detail, None, **self.more)


def is_for_programs(path: str) -> bool:
    """Whether the address is one of those that answer in JSON."""
    return path.startswith((ROOT, *LISTENBRAINZ))


def response(
    status: int, detail: str | None = None, headers: dict[str, str] | None = None, **more: object
) -> Response:
    """The answer that tells of an error."""
    if request.path.startswith(LISTENBRAINZ):
        told = {
            "code": status,
            "error": detail or LISTENS.get(status) or DETAILS.get(status, DETAILS[400]),
        }
        return _headed(Response(orjson.dumps(told), status, mimetype="application/json"), headers)
    body = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(status, "Error"),
        "status": status,
        "detail": detail or DETAILS.get(status, DETAILS[500 if status >= 500 else 400]),
        **more,
    }
    return _headed(Response(orjson.dumps(body), status, mimetype=MEDIA_TYPE), headers)


def of(error: HTTPException) -> Response:
    """The answer for an error that the server raised."""
    headers = {name: value for name, value in error.get_headers() if name in PASSED_ON}
    return response(error.code or 500, headers=headers)


def asked_here() -> bool:
    """Whether this request was made by a program."""
    return is_for_programs(request.path)


def _headed(found: Response, headers: dict[str, str] | None) -> Response:
    status = found.status_code
    found.headers.update(headers or {})
    if status == 401:
        found.headers.setdefault("WWW-Authenticate", 'Bearer realm="archive"')
    if status in (429, 503):
        found.headers.setdefault("Retry-After", "60")
    return found
