"""Spotipy, a Spotify client by others, gets along with the sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyOauthError, SpotifyPKCE

from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control, SandboxServer

CALLBACK = "http://127.0.0.1:9090/callback"
SCOPE = "user-read-recently-played"


@pytest.fixture
def alice(control: Control) -> str:
    control.burst(control.make_listener("alice", display_name="Alice")["id"], 60)
    return "alice"


def aimed(manager: SpotifyOAuth | SpotifyPKCE, sandbox: SandboxServer) -> None:
    """Spotipy keeps Spotify's addresses in attributes."""
    manager.OAUTH_AUTHORIZE_URL = f"{sandbox.accounts_url}/authorize"
    manager.OAUTH_TOKEN_URL = f"{sandbox.accounts_url}/api/token"


@pytest.fixture
def manager(sandbox: SandboxServer) -> Iterator[SpotifyOAuth]:
    made = SpotifyOAuth(
        CLIENT_ID, CLIENT_SECRET, CALLBACK, state="st", scope=SCOPE, open_browser=False,
        cache_handler=MemoryCacheHandler(),
    )  # fmt: skip
    aimed(made, sandbox)
    yield made
    made._session.close()


def client(sandbox: SandboxServer, manager: object) -> spotipy.Spotify:
    made = spotipy.Spotify(auth_manager=manager, retries=0, status_retries=0)
    made.prefix = f"{sandbox.api_url}/"
    return made


def test_it_signs_in_reads_the_history_page_by_page_and_refreshes(
    sandbox: SandboxServer, control: Control, manager: SpotifyOAuth, alice: str
) -> None:
    place = control.consent(manager.get_authorize_url(), alice)
    assert manager.parse_response_code(place)
    token = manager.get_access_token(manager.parse_response_code(place), as_dict=False)
    assert token
    spotify = client(sandbox, manager)
    assert spotify.current_user()["display_name"] == "Alice"
    page = spotify.current_user_recently_played(limit=20)
    seen = []
    while page and page["items"]:
        seen += [item["played_at"] for item in page["items"]]
        page = spotify.next(page)
    assert seen == [play["played_at"] for play in control.plays(alice)[:-51:-1]]
    oldest = spotify.current_user_recently_played(limit=1, after=0)["items"][0]
    assert oldest["played_at"] == seen[-1]
    manager.cache_handler.token_info["expires_at"] = time.time() - 1
    assert spotify.current_user()["id"] == alice
    assert manager.cache_handler.token_info["refresh_token"]
    assert control.calls("token.refresh", status=200) == 1


def test_it_looks_up_the_catalog(
    sandbox: SandboxServer, control: Control, manager: SpotifyOAuth, alice: str
) -> None:
    control.set_app(mode="extended")
    spotify = spotipy.Spotify(auth=control.mint(alice)["access_token"])
    spotify.prefix = f"{sandbox.api_url}/"
    ids = control.tracks(3)
    tracks = spotify.tracks(ids)["tracks"]
    assert [track["id"] for track in tracks] == ids
    album, artist = tracks[0]["album"], tracks[0]["artists"][0]
    assert spotify.album(album["uri"])["name"] == album["name"]
    assert spotify.artist(artist["external_urls"]["spotify"])["name"] == artist["name"]


def test_it_understands_how_consent_is_refused(
    control: Control, manager: SpotifyOAuth, alice: str
) -> None:
    place = control.consent(manager.get_authorize_url(), alice, allow=False)
    with pytest.raises(SpotifyOauthError, match="access_denied"):
        manager.parse_response_code(place)


@pytest.mark.parametrize(
    ("fault", "params", "status"),
    [
        ("rate_limit", {"retry_after": 0}, 429),
        ("status", {"status": 502}, 429),  # its word for "tried often enough"
        ("not_listed", {}, 403),
        ("token_expired", {}, 401),
    ],
)
def test_it_understands_what_goes_wrong(
    sandbox: SandboxServer,
    control: Control,
    alice: str,
    fault: str,
    params: dict[str, int],
    status: int,
) -> None:
    spotify = spotipy.Spotify(auth=control.mint(alice)["access_token"], retries=0, status_retries=0)
    spotify.prefix = f"{sandbox.api_url}/"
    control.fault(fault, endpoint="recently-played", **params)
    with pytest.raises(spotipy.SpotifyException) as caught:
        spotify.current_user_recently_played()
    assert caught.value.http_status == status


def test_it_understands_a_dead_refresh_token(
    control: Control, manager: SpotifyOAuth, alice: str
) -> None:
    tokens = control.mint(alice)
    control.revoke(alice)
    with pytest.raises(SpotifyOauthError) as caught:
        manager.refresh_access_token(tokens["refresh_token"])
    assert caught.value.error == "invalid_grant"


def test_it_signs_in_with_pkce_alone(sandbox: SandboxServer, control: Control, alice: str) -> None:
    manager = SpotifyPKCE(
        CLIENT_ID, CALLBACK, scope=SCOPE, open_browser=False, cache_handler=MemoryCacheHandler()
    )
    aimed(manager, sandbox)
    place = control.consent(manager.get_authorize_url(), alice)
    manager.get_access_token(manager.parse_response_code(place))
    assert len(client(sandbox, manager).current_user_recently_played()["items"]) == 50
    manager._session.close()
