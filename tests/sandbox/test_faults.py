"""Every fault, its scope and its end."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from audiospective.sandbox import Control
from audiospective.sandbox.faults import NAMES
from tests.sandbox.conftest import Client

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"


def api(status: int, message: str, **more: str) -> dict[str, Any]:
    return {"error": {"status": status, "message": message, **more}}


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


def test_a_cut_answer_is_noticed_and_does_not_count_as_offered(
    client: Client, control: Control
) -> None:
    control.burst("alice", 5)
    control.fault("truncated", endpoint="recently-played", times=1)
    with pytest.raises(requests.RequestException):
        client.recent()
    assert control.balance("alice")["offered"] == 0
    assert len(client.recent().json()["items"]) == 5
    assert control.balance("alice")["offered"] == 5


def test_half_a_body_may_pretend_to_be_whole(client: Client, control: Control) -> None:
    control.burst("alice", 5)
    control.fault("broken_json", endpoint="recently-played", times=1)
    answer = client.recent()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|Invalid"):
        answer.json()
    assert control.balance("alice")["offered"] == 0


def test_a_connection_may_just_end(client: Client, control: Control) -> None:
    control.set_app(rotation="always")
    control.fault("reset", times=1)
    with pytest.raises(requests.ConnectionError):
        client.refresh()
    assert control.calls("token.refresh", status=0) == 1
    assert client.refresh().status_code == 200, "nothing was done before"


def test_an_answer_may_be_lost_after_the_deed(client: Client, control: Control) -> None:
    control.set_app(rotation="always")
    control.fault("lost", times=1)
    with pytest.raises(requests.ConnectionError):
        client.refresh()
    assert client.refresh().json()["error_description"] == "Refresh token revoked"


def test_a_stalled_call_holds_up_nobody_else(client: Client, control: Control) -> None:
    control.make_listener("bob")
    bob = Client(client.sandbox, client.session, control.mint("bob"))
    control.fault("stall", listener="alice", endpoint="me", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.session.get(
            f"{client.sandbox.api_url}/me",
            headers={"Authorization": f"Bearer {client.tokens['access_token']}"},
            timeout=0.05,
        )
    assert bob.get("/me").status_code == 200
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize(("then", "status"), [("answer", 200), ("drop", None)])
def test_a_stall_ends_with_an_answer_or_without(
    client: Client, control: Control, then: str, status: int | None
) -> None:
    control.play("alice")
    control.fault("stall", seconds=0.01, then=then, times=1)
    if status is None:
        with pytest.raises(requests.ConnectionError):
            client.recent()
    else:
        assert client.recent().status_code == status
    # Whoever asked may have hung up long ago.
    assert control.balance("alice")["offered"] == 0


def test_a_stale_list_stands_still_until_the_fault_ends(client: Client, control: Control) -> None:
    control.freeze()
    control.burst("alice", 3)
    client.recent()
    control.fault("stale", listener="alice")
    control.advance(minutes=30)
    control.burst("alice", 60)
    assert len(client.recent(limit=50).json()["items"]) == 3
    control.clear(name="stale")
    assert len(client.recent(limit=50).json()["items"]) == 50
    assert control.balance("alice") == {
        "offered": 53, "waiting": 0, "lost": 10, "before": 0, "hidden": 0, "pending": 0,
    }  # fmt: skip


def test_items_can_be_made_poorer(client: Client, control: Control) -> None:
    context = {"type": "album", "uri": "spotify:album:x", "href": "x", "external_urls": {}}
    control.add_plays("alice", [{"context": context} for _ in range(4)])
    control.fault("null_track", items=1, times=1)
    assert [item["track"] is None for item in client.recent().json()["items"]] == [
        True, False, False, False,
    ]  # fmt: skip
    assert control.balance("alice")["offered"] == 3, "a play without its track is not offered"
    control.fault("null_context", times=1)
    assert {item["context"] for item in client.recent().json()["items"]} == {None}
    control.fault("missing_fields", times=1, items=2)
    sizes = [len(item["track"]) for item in client.recent().json()["items"]]
    assert sizes[:2] == [4, 4]
    assert min(sizes[2:]) > 10
    control.fault("missing_fields", times=1, drop=["album", "external_ids"])
    assert "album" not in client.recent().json()["items"][3]["track"]
    assert client.recent().json()["items"][0]["context"] == context


def test_a_batch_can_be_withheld_granted_and_full_of_holes(
    client: Client, control: Control
) -> None:
    ids = ",".join(control.tracks(4))
    control.fault("batch_ok", times=1)
    assert client.get("/tracks", ids=ids).status_code == 200
    control.set_app(mode="extended")
    control.fault("null_entries", times=1)
    found = client.get("/tracks", ids=ids).json()["tracks"]
    assert [one is None for one in found] == [True, False, True, False]
    control.fault("batch_forbidden", endpoint="tracks", times=1)
    assert client.get("/artists", ids="0" * 22).status_code == 200
    assert client.get("/tracks", ids=ids).json() == api(403, "Forbidden")
    assert client.get("/tracks", ids=ids).status_code == 200


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
