"""`POST /api/token`: refreshing, rotation, revocation and six months."""

from __future__ import annotations

from audiospective.sandbox import CLIENT_ID, Control
from tests.sandbox.conftest import Client, refused


def test_refreshing_usually_brings_no_new_refresh_token(client: Client) -> None:
    for _ in range(3):
        body = client.refresh().json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
        client.tokens |= body
        assert client.get("/me").status_code == 200


def test_rotation_kills_the_old_token(client: Client, control: Control) -> None:
    control.set_app(rotation="always")
    old, new = client.tokens["refresh_token"], client.refresh().json()["refresh_token"]
    assert new != old
    assert refused(client.refresh()) == (400, "invalid_grant", "Refresh token revoked")
    client.tokens["refresh_token"] = new
    assert client.refresh().status_code == 200


def test_rotation_can_happen_sometimes_and_per_call(client: Client, control: Control) -> None:
    control.set_app(rotation="sometimes")
    bodies = []
    for _ in range(4):
        bodies.append(client.refresh().json())
        client.tokens |= bodies[-1]
    assert ["refresh_token" in body for body in bodies] == [False, True, False, True]
    control.fault("keep", times=2)
    assert "refresh_token" not in client.refresh().json()
    assert "refresh_token" not in client.refresh().json()
    control.fault("rotate", times=1)
    assert "refresh_token" in client.refresh().json()


def test_consent_ends_after_six_months_however_often_it_was_refreshed(
    client: Client, control: Control
) -> None:
    control.freeze("2026-05-31T12:00:00Z")
    client.tokens = control.mint("alice")
    for day in ("2026-08-01T00:00:00Z", "2026-11-30T11:59:59.999Z"):
        control.set_clock(day)
        assert client.refresh().status_code == 200
    control.set_clock("2026-11-30T12:00:00Z")
    assert refused(client.refresh()) == (400, "invalid_grant", "Refresh token expired")
    client.tokens = control.mint("alice")
    assert client.refresh().status_code == 200


def test_an_old_consent_can_be_minted(client: Client, control: Control) -> None:
    client.tokens = control.mint("alice", authorized_at="2020-01-01T00:00:00Z")
    assert refused(client.refresh())[2] == "Refresh token expired"


def test_revoking_is_final_for_this_grant_alone(client: Client, control: Control) -> None:
    control.make_listener("bob")
    bob = Client(client.sandbox, client.session, control.mint("bob"))
    assert control.revoke("alice") == 1
    assert refused(client.refresh()) == (400, "invalid_grant", "Refresh token revoked")
    assert client.get("/me").json()["error"]["message"] == "Invalid access token"
    assert bob.refresh().status_code == 200
    assert control.grants("alice") == []


def test_revoking_may_leave_the_access_token_its_hour(client: Client, control: Control) -> None:
    control.revoke("alice", access=False)
    assert client.get("/me").status_code == 200
    control.expire_access("alice")
    assert client.refresh().status_code == 400


def test_a_token_never_works_for_another_app(client: Client, control: Control) -> None:
    control.make_app("other", "other-secret")
    answer = client.token(
        auth=("other", "other-secret"),
        grant_type="refresh_token",
        refresh_token=client.tokens["refresh_token"],
    )
    assert refused(answer) == (400, "invalid_grant", "Invalid refresh token")


def test_an_app_gets_a_token_for_the_catalog_alone(client: Client, control: Control) -> None:
    client.tokens = client.token(grant_type="client_credentials").json()
    assert "refresh_token" not in client.tokens
    assert client.get(f"/tracks/{control.tracks(1)[0]}").status_code == 200
    assert client.get("/me").status_code == 401
    assert (
        refused(client.token(auth=None, client_id=CLIENT_ID, grant_type="client_credentials"))[1]
        == "invalid_client"
    )


def test_long_expired_access_tokens_are_forgotten(client: Client, control: Control) -> None:
    control.freeze()
    for _ in range(50):
        client.refresh()
        control.advance(hours=1)
    (grant,) = client.sandbox.state.grants.of("alice")
    assert len(grant.access) <= 3
