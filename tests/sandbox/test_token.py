"""`POST /api/token`: codes, PKCE and secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control
from audiospective.sandbox.grants import challenge_of
from tests.sandbox.conftest import Client, refused

CALLBACK = "http://127.0.0.1:5000/callback"
VERIFIER = "v" * 64
BASIC = (CLIENT_ID, CLIENT_SECRET)


def code_for(client: Client, verifier: str | None = VERIFIER) -> str:
    query = {
        "client_id": CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK,
        "scope": "user-read-recently-played",
    }  # fmt: skip
    if verifier is not None:
        query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    place = client.sandbox.control.consent(
        f"{client.sandbox.url}/authorize?{urlencode(query)}", "alice"
    )
    return parse_qs(urlsplit(place).query)["code"][0]


def exchange(
    client: Client, code: str, auth: tuple[str, str] | None = BASIC, **changes: Any
) -> Any:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER, **changes,
    }  # fmt: skip
    return client.token(auth, **{name: value for name, value in form.items() if value is not None})


def test_a_code_becomes_tokens_in_the_documented_shape(client: Client) -> None:
    answer = exchange(client, code_for(client))
    assert answer.status_code == 200
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "scope", "expires_in", "refresh_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == "user-read-recently-played"
    client.tokens = tokens
    assert client.get("/me").json()["id"] == "alice"


def test_a_code_works_once(client: Client) -> None:
    code = code_for(client)
    assert exchange(client, code).status_code == 200
    assert refused(exchange(client, code)) == (
        400, "invalid_grant", "Invalid authorization code",
    )  # fmt: skip


def test_a_code_lives_for_ten_minutes(client: Client, control: Control) -> None:
    control.freeze()
    early, late = code_for(client), code_for(client)
    control.advance(minutes=10)
    assert exchange(client, early).status_code == 200
    control.advance(seconds=1)
    assert refused(exchange(client, late)) == (
        400, "invalid_grant", "Authorization code expired",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant", "Invalid redirect URI"),
        ({"redirect_uri": None}, "invalid_grant", "Invalid redirect URI"),
        ({"code": "made-up"}, "invalid_grant", "Invalid authorization code"),
        ({"code_verifier": "w" * 64}, "invalid_grant", "code_verifier was incorrect"),
        ({"code_verifier": None}, "invalid_grant", "code_verifier was incorrect"),
        ({"auth": (CLIENT_ID, "wrong")}, "invalid_client", "Invalid client secret"),
        ({"auth": (CLIENT_ID, "wröng")}, "invalid_client", "Invalid client secret"),
        ({"auth": ("nobody", "wrong")}, "invalid_client", "Invalid client"),
        ({"auth": None}, "invalid_client", "Invalid client"),
        ({"auth": None, "client_id": CLIENT_ID, "client_secret": "no"},
         "invalid_client", "Invalid client secret"),
        ({"grant_type": None}, "unsupported_grant_type", "grant_type parameter is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_exchange_is_said_in_spotifys_words(
    client: Client, changes: dict[str, Any], error: str, description: str
) -> None:
    code = code_for(client)
    assert refused(exchange(client, **{"code": code, **changes})) == (400, error, description)
    assert exchange(client, code).status_code == 200, "a refused attempt uses nothing up"


@pytest.mark.parametrize(
    ("challenge", "sent", "status"),
    [
        ("v" * 43, "v" * 43, 200),
        ("v" * 128, "v" * 128, 200),
        ("v" * 42, "v" * 42, 400),
        ("v" * 129, "v" * 129, 400),
        (None, None, 200),
        (None, "v" * 43, 400),
    ],
)
def test_a_verifier_has_a_length_and_a_challenge(
    client: Client, challenge: str | None, sent: str | None, status: int
) -> None:
    code = code_for(client, challenge)
    assert exchange(client, code, code_verifier=sent).status_code == status


def test_the_secret_may_stand_in_the_body(client: Client) -> None:
    answer = exchange(
        client, code_for(client), auth=None, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    assert answer.status_code == 200


def test_pkce_without_the_secret_makes_a_grant_that_is_refreshed_without_it(
    client: Client,
) -> None:
    answer = exchange(client, code_for(client), auth=None, client_id=CLIENT_ID)
    refresh = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    assert client.token(auth=None, client_id=CLIENT_ID, **refresh).status_code == 200
    client.tokens = client.sandbox.control.mint("alice")
    refresh["refresh_token"] = client.tokens["refresh_token"]
    assert refused(client.token(auth=None, client_id=CLIENT_ID, **refresh))[1] == "invalid_client"


def test_without_pkce_the_secret_is_needed(client: Client) -> None:
    answer = exchange(
        client, code_for(client, None), auth=None, client_id=CLIENT_ID, code_verifier=None
    )
    assert refused(answer)[1] == "invalid_client"


def test_json_is_not_understood(client: Client) -> None:
    answer = client.session.post(
        f"{client.sandbox.accounts_url}/api/token",
        json={"grant_type": "refresh_token", "refresh_token": client.tokens["refresh_token"]},
        auth=BASIC,
        timeout=60,
    )
    assert refused(answer)[:2] == (400, "unsupported_grant_type")


def test_an_odd_grant_type_is_not_understood(client: Client) -> None:
    assert refused(client.token(grant_type="password"))[:2] == (400, "unsupported_grant_type")


def test_an_app_can_be_refused_with_401(client: Client, control: Control) -> None:
    control.set_app(client_error_status=401)
    answer = client.token(auth=(CLIENT_ID, "wrong"), grant_type="refresh_token")
    assert refused(answer) == (401, "invalid_client", "Invalid client secret")


def test_a_broken_basic_header_is_an_invalid_client(client: Client) -> None:
    answer = client.session.post(
        f"{client.sandbox.accounts_url}/api/token",
        data={"grant_type": "refresh_token"},
        headers={"Authorization": "Basic ???"},
        timeout=60,
    )
    assert refused(answer)[1] == "invalid_client"
