"""ListenBrainz's way in: a client of others delivers plays, and errors read as its own server's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import liblistenbrainz
import orjson
import pytest
from liblistenbrainz.errors import InvalidAuthTokenException, ListenBrainzAPIException
from werkzeug.serving import make_server

from audiospective import clock, history
from audiospective.accounts import api_tokens
from audiospective.history.closed.away import YearAwayError
from audiospective.imports import listens as taking
from audiospective.models import User
from audiospective.policy import api_scopes, listens
from audiospective.web.api import listenbrainz
from audiospective.web.throttle import Limit
from tests.factories import make_user
from tests.support.processes import free_port
from tests.web.conftest import MakeSite, Site

NAMES = {"artist_name": "Nora Feld", "track_name": "Paper Lanterns"}
ROOTS = ("/1", "/api/listenbrainz/1")


@pytest.fixture
def alice(site: Site) -> User:
    return make_user("alice")


def header(user: User, *scopes: str) -> dict[str, str]:
    token = api_tokens.make(user, "Player", scopes or [api_scopes.SUBMIT], 30)
    return {"Authorization": f"Token {token}"}


def one(**more: Any) -> dict[str, Any]:
    return {
        "listened_at": clock.to_ms(clock.now()) // 1000 - 300,
        "track_metadata": NAMES,
        **more,
    }


def send(site: Site, body: Any, headers: dict[str, str], root: str = "/1") -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return site.visitor().post(f"{root}/submit-listens", data=data, headers=headers)


@pytest.mark.parametrize("root", ROOTS)
def test_a_listen_becomes_a_play_at_either_address(site: Site, alice: User, root: str) -> None:
    answer = send(site, {"listen_type": "single", "payload": [one()]}, header(alice), root)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers
    browser = site.member(alice)
    page = browser.page("/history?source=player")
    assert "Paper Lanterns" in page.text
    (link,) = {one.attributes["href"] for one in page.all("a", class_="play-row-time")}
    assert "Told by a player" in browser.page(link).text
    assert "No plays match" in browser.page("/history?source=both").text


def test_what_is_playing_now_is_read_and_forgotten(site: Site, alice: User) -> None:
    now = {"track_metadata": one()["track_metadata"]}
    answer = send(site, {"listen_type": "playing_now", "payload": [now]}, header(alice))
    assert answer.json == {"status": "ok"}
    assert history.total(alice.id) == 0


WRONG: list[Any] = [
    b"{",
    b"\xff",
    [],
    {},
    {"listen_type": "single"},
    {"listen_type": "single", "payload": []},
    {"listen_type": "single", "payload": {}},
    {"listen_type": "sometimes", "payload": [one()]},
    {"listen_type": "single", "payload": [one(), one()]},
    {"listen_type": "import", "payload": [one()] * 1001},
    {"listen_type": "import", "payload": [one(), "x"]},
    {"listen_type": "single", "payload": [one(listened_at="yesterday")]},
    {"listen_type": "single", "payload": [one(listened_at=True)]},
    {"listen_type": "single", "payload": [one(listened_at=1.5)]},
    {"listen_type": "single", "payload": [one(listened_at=0)]},
    {"listen_type": "single", "payload": [one(listened_at=2**33)]},
    {"listen_type": "single", "payload": [one(listened_at=2**63)]},
    {"listen_type": "playing_now", "payload": [one()]},
    {"listen_type": "single", "payload": [{"listened_at": 1_700_000_000}]},
    {"listen_type": "single", "payload": [one(track_metadata={"track_name": "x"})]},
    {"listen_type": "single", "payload": [one(track_metadata={**NAMES, "artist_name": " "})]},
    {"listen_type": "single", "payload": [one(padding="x" * 10_240)]},
]  # fmt: skip


def test_what_listenbrainz_would_refuse_is_refused_in_its_words(site: Site, alice: User) -> None:
    shown = header(alice)
    for body in WRONG:
        answer = send(site, body, shown)
        assert answer.status_code == 400, body
        assert answer.json.keys() == {"code", "error"}
        assert answer.json["code"] == 400
    assert history.total(alice.id) == 0


def test_who_may_not_add_plays_adds_none(site: Site, alice: User) -> None:
    body = {"listen_type": "single", "payload": [one()]}
    assert send(site, body, {}).status_code == 401
    assert send(site, body, {"Authorization": f"Token {'0' * 36}"}).json["code"] == 401
    assert send(site, body, header(alice, api_scopes.PLAYS)).status_code == 403
    assert site.member(alice).post("/1/submit-listens", json=body).status_code == 401
    assert history.total(alice.id) == 0


def test_a_large_body_is_read_from_those_who_may_send_it_alone(site: Site, alice: User) -> None:
    many = {"listen_type": "import", "payload": [one(padding="x" * 2_000)] * 500}
    assert send(site, many, {"Authorization": f"Token {'0' * 36}"}).status_code == 401
    assert send(site, many, header(alice, api_scopes.PLAYS)).status_code == 401
    assert send(site, many, header(alice)).status_code == 200
    assert history.total(alice.id) == 1  # one play told five hundred times
    answer = send(site, b"x" * (listens.BODY + 1), header(alice))
    assert (answer.status_code, answer.json["code"]) == (413, 413)
    assert answer.json["error"].endswith("Send fewer listens at once.")


def test_a_listen_that_is_nested_deeper_than_anything_is_refused(site: Site, alice: User) -> None:
    listen = {**one(), "track_metadata": {**NAMES, "additional_info": {"tags": "@"}}}
    body = orjson.dumps({"listen_type": "single", "payload": [listen]})
    answer = send(site, body.replace(b'"@"', b"[" * 500 + b"]" * 500), header(alice))
    assert (answer.status_code, answer.json["code"]) == (400, 400)
    assert history.total(alice.id) == 0


@pytest.mark.usefixtures("frozen")  # else a window of the limit may end meanwhile
def test_a_large_body_is_paid_for_before_it_is_parsed(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listenbrainz, "PORTIONS", Limit("listens stored", 8, 3600))
    player, large = header(alice), b"[" + b"{}," * (listenbrainz.LARGE * 2 // 3) + b"{}]"
    for _ in range(4):
        assert send(site, large, player).status_code == 400  # two portions each
    parsed: list[bytes] = []
    monkeypatch.setattr(listenbrainz.orjson, "loads", parsed.append)
    answer = send(site, large, player)
    assert (answer.status_code, parsed) == (429, [])
    assert answer.headers["Retry-After"]


def test_what_a_size_has_paid_for_is_not_paid_again(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listenbrainz, "PORTIONS", Limit("listens stored", 5, 3600))
    many = {"listen_type": "import", "payload": [one(padding="x" * 2_000)] * 500}
    assert send(site, many, header(alice)).status_code == 200


def test_one_large_body_is_read_at_a_time(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listenbrainz, "WAIT", 0.0)
    player = header(alice)
    many = {"listen_type": "import", "payload": [one(padding="x" * 2_000)] * 200}
    with listenbrainz._own_turn():
        answer = send(site, many, player)
        small = send(site, {"listen_type": "single", "payload": [one()]}, player)
    assert (answer.status_code, small.status_code) == (503, 200)
    assert answer.headers["Retry-After"]
    for _ in range(2):  # a refused one gives its turn back, too
        assert send(site, b"x" * 300_000, player).status_code == 400
    assert send(site, many, player).status_code == 200


def test_what_cannot_be_stored_now_is_asked_for_again(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise YearAwayError(2021, "away")

    monkeypatch.setattr(taking, "take", away)
    answer = send(site, {"listen_type": "single", "payload": [one()]}, header(alice))
    assert (answer.status_code, answer.json["code"]) == (503, 503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("root", ROOTS)
def test_a_token_can_be_asked_about(site: Site, alice: User, root: str) -> None:
    visitor = site.visitor()
    answer = visitor.get(f"{root}/validate-token", headers=header(alice))
    assert answer.json == {
        "code": 200, "message": "Token valid.", "valid": True, "user_name": "Alice",
    }  # fmt: skip
    wrong = visitor.get(f"{root}/validate-token", headers={"Authorization": "Token wrong"})
    assert (wrong.status_code, wrong.json["valid"]) == (200, False)
    assert visitor.get(f"{root}/validate-token").json["code"] == 400
    assert visitor.get(f"{root}/nothing").json.keys() == {"code", "error"}


@pytest.fixture
def served(make_site: MakeSite) -> Iterator[Site]:
    """The site on the loopback, as players meet it."""
    port = free_port()
    site = make_site(base_url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, site.app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def test_liblistenbrainz_delivers(served: Site) -> None:
    alice = make_user("alice")
    token = api_tokens.make(alice, "liblistenbrainz", [api_scopes.SUBMIT], 30)
    client = liblistenbrainz.ListenBrainz(served.services.settings.base_url)
    client.set_auth_token(token)
    at = int(time.time())
    sent = [
        liblistenbrainz.Listen(
            track_name=f"Song {n}", artist_name="Nora Feld", release_name="Evenings",
            listened_at=at - n * 240, listening_from="car",
            additional_info={"duration_ms": 200_000},
        )
        for n in range(1, 5)
    ]  # fmt: skip
    assert client.submit_single_listen(sent[0]) == {"status": "ok"}
    assert client.submit_multiple_listens(sent) == {"status": "ok"}
    now = liblistenbrainz.Listen(track_name="Song 9", artist_name="Nora Feld")
    assert client.submit_playing_now(now) == {"status": "ok"}
    found = history.frame(alice.id, columns=["played_at", "platform"])
    assert [clock.to_ms(one) // 1000 for one in found["played_at"]] == [
        listen.listened_at for listen in reversed(sent)
    ]
    with pytest.raises(InvalidAuthTokenException):
        client.set_auth_token("0" * 36)
    with pytest.raises(ListenBrainzAPIException) as refused:
        client.submit_single_listen(sent[0])
    assert refused.value.status_code == 401
