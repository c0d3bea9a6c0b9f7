"""Tekore, another client by others, gets along with the sandbox too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import tekore

from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control, SandboxServer

CALLBACK = "http://127.0.0.1:9090/callback"
SCOPE = tekore.scope.user_read_recently_played


class Aimed(tekore.SyncSender):
    """Sends to the sandbox what is meant for Spotify."""

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__(httpx.Client(timeout=60))
        self._places = {
            "https://accounts.spotify.com": sandbox.accounts_url,
            "https://api.spotify.com/v1": sandbox.api_url,
        }

    def send(self, request: tekore.Request) -> tekore.Response:
        url = request.url
        for meant, actual in self._places.items():
            url = url.replace(meant, actual, 1)
        return super().send(replace(request, url=url))


@pytest.fixture
def sender(sandbox: SandboxServer) -> Iterator[Aimed]:
    made = Aimed(sandbox)
    yield made
    made.close()


@pytest.fixture
def alice(control: Control) -> str:
    # Tekore's models want the fields of extended mode.
    control.set_app(mode="extended")
    control.burst(control.make_listener("alice", display_name="Alice")["id"], 60)
    return "alice"


def credentials(sender: Aimed) -> tekore.Credentials:
    return tekore.Credentials(CLIENT_ID, CLIENT_SECRET, CALLBACK, sender=sender)


def spotify_for(control: Control, alice: str, sender: Aimed) -> tekore.Spotify:
    return tekore.Spotify(control.mint(alice)["access_token"], sender=sender)


@pytest.mark.parametrize("pkce", [False, True])
def test_it_signs_in_and_refreshes(control: Control, sender: Aimed, alice: str, pkce: bool) -> None:
    auth = tekore.UserAuth(credentials(sender), SCOPE, pkce=pkce)
    token = auth.request_token(url=control.consent(auth.url, alice))
    assert str(token.scope) == "user-read-recently-played"
    assert 3500 < token.expires_in <= 3600
    if pkce:
        control.fault("rotate", times=1)
        fresh = credentials(sender).refresh_pkce_token(token.refresh_token)
        assert fresh.refresh_token != token.refresh_token
    else:
        fresh = credentials(sender).refresh_user_token(token.refresh_token)
        assert fresh.refresh_token == token.refresh_token
    assert len(tekore.Spotify(fresh, sender=sender).playback_recently_played().items) == 20


def test_it_pages_forward_from_the_beginning_of_time(
    control: Control, sender: Aimed, alice: str
) -> None:
    spotify = spotify_for(control, alice, sender)
    first = spotify.playback_recently_played(limit=1, after=0)
    second = spotify.next(first)
    assert first.items[0].played_at < second.items[0].played_at
    pages = spotify.all_pages(spotify.playback_recently_played(limit=20, after=0))
    found = [item for page in pages for item in sorted(page.items, key=lambda i: i.played_at)]
    window = control.plays(alice)[-50:]
    assert [item.track.id for item in found] == [play["track"] for play in window]


def test_cursors_are_gone_when_paging_is_exhausted(
    control: Control, sender: Aimed, alice: str
) -> None:
    spotify = spotify_for(control, alice, sender)
    page = spotify.playback_recently_played(limit=50)
    assert page.cursors.before == str(control.plays(alice)[-50]["played_ms"])
    assert spotify.next(page).cursors is None


def test_it_reads_catalog_objects_into_its_models(
    control: Control, sender: Aimed, alice: str
) -> None:
    spotify = spotify_for(control, alice, sender)
    ids = control.tracks(3)
    assert [track.id for track in spotify.tracks(ids)] == ids
    track = spotify.track(ids[0])
    assert spotify.album(track.album.id).tracks.items[0].name == track.name
    assert spotify.artist(track.artists[0].id).name == track.artists[0].name


@pytest.mark.parametrize(
    ("fault", "params", "error"),
    [
        ("rate_limit", {}, tekore.TooManyRequests),
        ("forbidden", {}, tekore.Forbidden),
        ("token_expired", {}, tekore.Unauthorised),
        ("status", {"status": 502}, tekore.BadGateway),
        ("status", {"status": 503, "style": "html"}, tekore.ServiceUnavailable),
        ("null_track", {}, Exception),
    ],
)
def test_it_understands_what_goes_wrong(
    control: Control,
    sender: Aimed,
    alice: str,
    fault: str,
    params: dict[str, object],
    error: type[Exception],
) -> None:
    spotify = spotify_for(control, alice, sender)
    control.fault(fault, endpoint="recently-played", times=1, **params)
    with pytest.raises(error):
        spotify.playback_recently_played()
    assert len(spotify.playback_recently_played().items) == 20


def test_it_understands_a_refused_refresh(control: Control, sender: Aimed, alice: str) -> None:
    tokens = control.mint(alice)
    control.fault("invalid_grant", times=1)
    with pytest.raises(tekore.BadRequest):
        credentials(sender).refresh_user_token(tokens["refresh_token"])
    assert credentials(sender).refresh_user_token(tokens["refresh_token"])
