"""The consent page and the way back from it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from audiospective.sandbox import CLIENT_ID, Control, SandboxServer
from tests.sandbox.conftest import Client

CALLBACK = "http://127.0.0.1:5000/callback"
ASKED = {
    "client_id": CLIENT_ID,
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "user-read-recently-played",
    "state": "a&b= c/ü",
}


def ask(client: Client, **changes: str | None) -> requests.Response:
    query = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return client.session.get(
        f"{client.sandbox.url}/authorize", params=query, allow_redirects=False, timeout=60
    )


def decide(client: Client, decision: str, listener: str = "alice") -> requests.Response:
    """Fill in the page as a browser would."""
    page = ask(client).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    form = {name: unescape(value) for name, value in fields.items()}
    return client.session.post(
        f"{client.sandbox.url}/authorize",
        data={**form, "listener": listener, "decision": decision},
        allow_redirects=False,
        timeout=60,
    )


def returned(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302
    place = answer.headers["Location"]
    assert place.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}


def test_the_page_says_that_it_is_not_spotify_and_offers_everybody(
    client: Client, control: Control
) -> None:
    control.make_listener("bob", display_name="<i>Bob</i>")
    page = ask(client)
    assert page.status_code == 200
    assert "This is not Spotify." in page.text
    assert "Alice" in page.text
    assert "&lt;i&gt;Bob&lt;/i&gt;" in page.text
    assert "See what you played last" in page.text
    assert page.text.count(" checked") == 1


def test_allowing_leads_back_with_a_code_and_the_state_unchanged(client: Client) -> None:
    answer = returned(decide(client, "allow"))
    assert set(answer) == {"code", "state"}
    assert answer["state"] == ASKED["state"]
    assert len(answer["code"]) > 100


def test_denying_leads_back_without_a_code(client: Client) -> None:
    assert returned(decide(client, "deny")) == {
        "error": "access_denied", "state": ASKED["state"],
    }  # fmt: skip


def test_the_last_listener_is_remembered_on_the_page(client: Client, control: Control) -> None:
    control.make_listener("bob")
    decide(client, "allow", "bob")
    assert re.search(r'value="bob" required checked', ask(client).text)


def test_an_unknown_listener_is_not_let_in(client: Client) -> None:
    assert decide(client, "allow", "mallory").status_code == 400


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"client_id": "nobody"}, "INVALID_CLIENT: Invalid client"),
        ({"client_id": None}, "INVALID_CLIENT: Invalid client"),
        ({"redirect_uri": CALLBACK + "/"}, "INVALID_CLIENT: Invalid redirect URI"),
        ({"redirect_uri": "https://evil.example/callback"}, "INVALID_CLIENT: Invalid redirect URI"),
        ({"redirect_uri": None}, "INVALID_CLIENT: Invalid redirect URI"),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_apps(
    client: Client, changes: dict[str, str | None], text: str
) -> None:
    answer = ask(client, **changes)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert text in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "user-read-everything"}, "invalid_scope"),
        ({"code_challenge": "abc"}, "invalid_request"),
        ({"code_challenge": "abc", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_otherwise_goes_back_with_an_error(
    client: Client, changes: dict[str, str | None], error: str
) -> None:
    assert returned(ask(client, **changes))["error"] == error


def test_localhost_is_refused_only_after_consent(client: Client, control: Control) -> None:
    place = "http://localhost:5000/callback"
    assert ask(client, redirect_uri=place).status_code == 200
    answer = client.session.post(
        f"{client.sandbox.url}/authorize",
        data={**ASKED, "redirect_uri": place, "listener": "alice", "decision": "allow"},
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 400
    assert "INVALID_CLIENT: Insecure redirect URI" in answer.text


@pytest.mark.parametrize(
    ("fault", "params", "expected"),
    [
        ("deny", {}, "access_denied"),
        ("authorize_error", {}, "server_error"),
        ("authorize_error", {"error": "temporarily_unavailable"}, "temporarily_unavailable"),
    ],
)
def test_a_yes_can_be_made_to_end_otherwise(
    client: Client, control: Control, fault: str, params: dict[str, str], expected: str
) -> None:
    control.fault(fault, times=1, **params)
    assert returned(decide(client, "allow"))["error"] == expected
    assert "code" in returned(decide(client, "allow"))


def test_the_insecure_page_can_be_made_to_appear(client: Client, control: Control) -> None:
    control.fault("insecure_redirect", times=1)
    answer = decide(client, "allow")
    assert answer.status_code == 400
    assert "Insecure redirect URI" in answer.text


def test_who_agreed_before_is_sent_straight_back_if_the_app_is_so_set(
    client: Client, control: Control
) -> None:
    decide(client, "allow")
    assert ask(client).status_code == 200
    control.set_app(quick_consent=True)
    assert "code" in returned(ask(client))
    assert ask(client, show_dialog="true").status_code == 200
    assert ask(client, scope="user-read-email").status_code == 200


def test_consent_without_a_browser_is_the_same(
    sandbox: SandboxServer, client: Client, control: Control
) -> None:
    address = ask(client).request.url
    assert address is not None
    assert "code=" in control.consent(address, "alice")
    assert "error=access_denied" in control.consent(address, "alice", allow=False)
    with pytest.raises(ValueError, match="Invalid client"):
        control.consent(f"{sandbox.url}/authorize?client_id=x", "alice")


def test_consent_wakes_a_lively_listener(client: Client, control: Control) -> None:
    control.make_listener("juniper", lively=True)
    address = ask(client).request.url
    assert address is not None
    control.consent(address, "juniper")
    control.advance(minutes=1)
    assert control.plays("juniper", "waiting")
