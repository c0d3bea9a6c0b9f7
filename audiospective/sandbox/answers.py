"""Answers in Spotify's words and in the ways it breaks; contract sections 1.6, 4.1 and 4.2."""

from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def json(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; header names are given with underscores."""
    return Answer(status, orjson.dumps(body), headers=_headers(headers))


def plain(status: int, text: str, **headers: str) -> Answer:
    """An answer in plain text."""
    return Answer(status, text.encode(), PLAIN, _headers(headers))


def html(status: int, text: str) -> Answer:
    """A page from something in front of Spotify."""
    page = f"<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body>"
    return Answer(status, (page + "</html>\n").encode(), HTML)


def api_error(status: int, message: str, reason: str | None = None, **headers: str) -> Answer:
    """An error in the Web API's shape."""
    error: dict[str, Any] = {"status": status, "message": message}
    if reason:
        error["reason"] = reason
    return json({"error": error}, status, **headers)


def oauth_error(error: str, description: str | None, status: int = 400) -> Answer:
    """An error in the accounts service's flat shape."""
    body = {"error": error}
    if description is not None:
        body["error_description"] = description
    return json(body, status, Cache_Control="no-store")


def mail_error(status: int, name: str, message: str, **headers: str) -> Answer:
    """An error in the mail provider's shape."""
    return json({"statusCode": status, "name": name, "message": message}, status, **headers)


def limited(style: str, retry_after: object) -> Answer:
    """429 by the rate limit, as JSON or plain text; `retry_after` None leaves the header out."""
    headers = {} if retry_after is None else {"Retry_After": str(retry_after)}
    if style == "plain":
        return plain(429, "Too many requests", **headers)
    return api_error(429, "API rate limit exceeded", **headers)


def quota(retry_after: object) -> Answer:
    """429 by the quota of a developer account."""
    headers = {} if retry_after is None else {"Retry_After": str(retry_after)}
    return api_error(429, "Too many requests", "QUOTA_EXCEEDED", **headers)


TOKEN_EXPIRED = api_error(401, "The access token expired")
TOKEN_INVALID = api_error(401, "Invalid access token")
TOKEN_MISSING = api_error(401, "No token provided")
SCOPE_MISSING = api_error(403, "Insufficient client scope")
FORBIDDEN = api_error(403, "Forbidden")
NO_PREMIUM = api_error(403, "Active premium subscription required for the owner of the app.")
NOT_LISTED = {
    "2021": plain(403, "User not registered in the Developer Dashboard"),
    "2024": plain(
        403,
        "Check settings on developer.spotify.com/dashboard, the user may not be registered.",
    ),
    "2026": plain(
        403,
        "The user is not registered for this application. "
        "Please check your settings on https://developer.spotify.com/dashboard",
    ),
}
SERVER_ERRORS = {
    500: "Server error.",
    502: "Bad gateway.",
    503: "Service unavailable",
    504: "Gateway timeout",
}
