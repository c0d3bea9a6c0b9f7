"""Every fault, its scope and its end."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.sandbox import Control
from audiospective.sandbox.faults import NAMES
from tests.sandbox.conftest import Client, api

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"


ANSWERS = [
    ("token_expired", {}, 401, JSON, api(401, "The access token expired"), None),
    ("token_invalid", {}, 401, JSON, api(401, "Invalid access token"), None),
    ("no_token", {}, 401, JSON, api(401, "No token provided"), None),
    ("scope", {}, 403, JSON, api(403, "Insufficient client scope"), None),
    ("forbidden", {}, 403, JSON, api(403, "Forbidden"), None),
    ("no_premium", {}, 403, JSON,
     api(403, "Active premium subscription required for the owner of the app."), None),
    ("not_listed", {"wording": "2021"}, 403, PLAIN,
     "User not registered in the Developer Dashboard", None),
    ("not_listed", {}, 403, PLAIN,
     "Check settings on developer.spotify.com/dashboard, the user may not be registered.", None),
    ("not_listed", {"wording": "2026"}, 403, PLAIN,
     ("The user is not registered for this application. "
      "Please check your settings on https://developer.spotify.com/dashboard"), None),
    ("rate_limit", {}, 429, JSON, api(429, "API rate limit exceeded"), "30"),
    ("rate_limit", {"retry_after": 85771}, 429, JSON, api(429, "API rate limit exceeded"), "85771"),
    ("rate_limit", {"retry_after": None}, 429, JSON, api(429, "API rate limit exceeded"), None),
    ("rate_limit", {"retry_after": "soon", "style": "plain"}, 429, PLAIN, "Too many requests",
     "soon"),
    ("quota", {}, 429, JSON, api(429, "Too many requests", reason="QUOTA_EXCEEDED"), "50000"),
    ("quota", {"retry_after": None}, 429, JSON,
     api(429, "Too many requests", reason="QUOTA_EXCEEDED"), None),
    ("status", {}, 500, JSON, api(500, "Server error."), None),
    ("status", {"status": 502}, 502, JSON, api(502, "Bad gateway."), None),
    ("status", {"status": 503, "style": "plain"}, 503, PLAIN, "Service unavailable", None),
    ("status", {"status": 504, "style": "empty"}, 504, HTML, "", None),
    ("status", {"status": 404}, 404, JSON, api(404, "Error"), None),
    ("empty", {}, 200, JSON, "", None),
    ("empty", {"status": 204}, 204, JSON, "", None),
    ("null", {}, 200, JSON, None, None),
    ("list", {}, 200, JSON, [], None),
    ("body", {"status": 418, "text": "odd", "content_type": "text/odd",
              "headers": {"Retry-After": 3}}, 418, "text/odd", "odd", "3"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "status", "kind", "body", "retry_after"), ANSWERS)
def test_a_fault_answers_in_its_own_words(
    client: Client,
    control: Control,
    name: str,
    params: dict[str, Any],
    status: int,
    kind: str,
    body: Any,
    retry_after: str | None,
) -> None:
    control.fault(name, endpoint="recently-played", times=1, **params)
    answer = client.recent()
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    if status != 204:
        assert answer.headers["Content-Type"].startswith(kind)
    if kind == JSON and body != "":
        assert answer.json() == body
    else:
        assert answer.text == body
    assert client.recent().status_code == 200
    assert control.faults() == []


@pytest.mark.parametrize("params", [{"name": "html"}, {"name": "status", "style": "html"}])
def test_a_page_may_come_instead_of_json(
    client: Client, control: Control, params: dict[str, str]
) -> None:
    control.fault(**params)  # type: ignore[arg-type]
    answer = client.recent()
    assert answer.headers["Content-Type"].startswith(HTML)
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("name", "params", "status", "error"),
    [
        ("invalid_grant", {}, 400, "invalid_grant"),
        ("invalid_client", {}, 400, "invalid_client"),
        ("invalid_client", {"status": 401}, 401, "invalid_client"),
        ("status", {"endpoint": "accounts", "status": 503}, 503, api(503, "Service unavailable")),
    ],
)
def test_a_refresh_can_be_refused_though_nothing_was_revoked(
    client: Client, control: Control, name: str, params: dict[str, Any], status: int, error: Any
) -> None:
    control.fault(name, **params)
    answer = client.refresh()
    body = answer.json()
    assert (answer.status_code, body["error"] if isinstance(error, str) else body) == (
        status, error,
    )  # fmt: skip
    assert client.get("/me").status_code == 200
    control.clear(name=name)
    assert client.refresh().status_code == 200


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("code_expired", "Authorization code expired"),
        ("code_invalid", "Invalid authorization code"),
    ],
)
def test_a_code_can_be_refused(
    client: Client, control: Control, name: str, description: str
) -> None:
    control.fault(name)
    answer = client.token(grant_type="authorization_code", code="any", redirect_uri="any")
    assert answer.json() == {"error": "invalid_grant", "error_description": description}
    assert client.refresh().status_code == 200


def test_everybody_at_once_can_be_told_invalid_grant(client: Client, control: Control) -> None:
    people = control.make_listeners(20)
    control.fault("invalid_grant")
    for tokens in control.mint_many(people):
        client.tokens = tokens
        assert client.refresh().json()["error"] == "invalid_grant"
    control.clear()
    assert client.refresh().status_code == 200


@pytest.mark.parametrize(
    ("scope", "struck"),
    [
        ({}, True),
        ({"listener": "alice"}, True),
        ({"listener": ["bob", "alice"]}, True),
        ({"listener": "bob"}, False),
        ({"app": "sandbox-client"}, True),
        ({"app": "other"}, False),
        ({"endpoint": "me"}, True),
        ({"endpoint": "api"}, True),
        ({"endpoint": "recently-played"}, False),
        ({"endpoint": "accounts"}, False),
        ({"endpoint": "api", "listener": "alice", "app": "sandbox-client"}, True),
        ({"endpoint": "api", "listener": "alice", "app": "other"}, False),
    ],
)
def test_a_fault_strikes_only_within_its_scope(
    client: Client, control: Control, scope: dict[str, Any], struck: bool
) -> None:
    control.fault("status", **scope)
    assert (client.get("/me").status_code == 500) is struck


def test_a_fault_counts_its_calls(client: Client, control: Control) -> None:
    control.fault("status", times=2, skip=1)
    assert [client.get("/me").status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    first = control.fault("status", status=503)
    control.fault("status", status=504)
    assert client.get("/me").status_code == 503
    assert control.faults()[0]["hits"] == 1
    control.clear(first)
    assert client.get("/me").status_code == 504


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": "gremlin"}, "no such fault"),
        ({"name": "status", "endpoint": "x"}, "no such endpoint"),
        ({"name": "status", "retry_after": "3"}, "status has no retry_after"),
    ],
)
def test_an_unknown_fault_is_an_error(
    control: Control, arguments: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        control.fault(**arguments)  # type: ignore[arg-type]


def test_every_fault_is_documented(request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / "docs" / "sandbox.md").read_text()
    assert [name for name in sorted(NAMES) if f"`{name}`" not in text] == []
