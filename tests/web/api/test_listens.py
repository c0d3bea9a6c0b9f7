"""ListenBrainz's way out: a client of others reads what its member listened to, nobody else's."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import liblistenbrainz
import pytest
from liblistenbrainz.errors import ListenBrainzAPIException
from werkzeug.serving import make_server

from audiospective import clock
from audiospective.accounts import api_tokens
from audiospective.exports import listens_by_time, plays_as_listens
from audiospective.history import append, search
from audiospective.history.catalog import polled
from audiospective.models import ApiToken, User
from audiospective.policy import api_scopes
from audiospective.web import throttle
from audiospective.web.api import listens as reading
from tests.factories import connected, make_user, track
from tests.support.processes import free_port
from tests.web.conftest import MakeSite, Site

LENGTHS = (201, 22, 503, 94)  # seconds of the songs; no two began in the same one


@pytest.fixture
def served(make_site: MakeSite) -> Iterator[Site]:
    port = free_port()
    site = make_site(base_url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, site.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def heard(alice: User, count: int, title: str = "Song", **more: Any) -> list[int]:
    """Songs of different lengths that end a minute apart, so that they began in another order;
    the seconds in which they began, the newest first.
    """
    now, plays, began = clock.now().replace(microsecond=0), [], []
    for number in range(count):
        length = LENGTHS[number % len(LENGTHS)]
        song = replace(track(f"{title} {number}"), duration_ms=length * 1000, **more)
        ended = now - timedelta(minutes=count - number)
        key = polled.remember([song])[song.spotify_id]
        plays.append(append.NewPlay(alice.id, clock.to_ms(ended), key, None))
        began.append(clock.to_ms(ended) // 1000 - length)
    append.polled(plays)
    return sorted(began, reverse=True)


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    """A list that grows by one with each call of what `owner` calls by this name."""
    calls: list[None] = []
    true = getattr(owner, name)

    def call(*args: Any, **named: Any) -> Any:
        calls.append(None)
        return true(*args, **named)

    monkeypatch.setattr(owner, name, call)
    return calls


def times(found: list[Any]) -> list[int]:
    return [one["listened_at"] for one in found]


def test_pages_follow_one_another_by_when_plays_began(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archives are kept by when plays ended, and are read in parts."""
    alice = make_user("alice")
    began = heard(alice, 40)
    monkeypatch.setattr(listens_by_time, "PART", 7)
    monkeypatch.setattr(listens_by_time, "LONGEST", 510_000)  # longer than any of these songs
    assert times(listens_by_time.page(alice.id, 1_000)) == began
    found: list[int] = []
    while rest := times(listens_by_time.page(alice.id, 6, before=found[-1] if found else None)):
        found += rest
    assert found == began
    found = []
    while rest := times(listens_by_time.page(alice.id, 6, after=found[-1] if found else 0)):
        assert rest == sorted(rest, reverse=True)  # the newest first, as all of them
        found += reversed(rest)
    assert found == began[::-1]
    between = [one for one in began if began[30] < one < began[10]]
    assert times(listens_by_time.page(alice.id, 99, before=began[10], after=began[30])) == between


def test_liblistenbrainz_reads(served: Site) -> None:
    alice = make_user("alice", display_name="Alice Archivist")
    began = heard(alice, 4)
    client = liblistenbrainz.ListenBrainz(served.services.settings.base_url)
    client.set_auth_token(api_tokens.make(alice, "Reader", [api_scopes.PLAYS], 30))
    found = client.get_listens("Alice Archivist")
    assert [one.listened_at for one in found] == began
    assert {one.artist_name for one in found} == {"Harbour Lights"}
    assert found[0].track_name == "Song 3"
    assert found[0].additional_info["duration_ms"] == 94_000
    older = client.get_listens("alice archivist", max_ts=began[1], count=1)
    assert [one.listened_at for one in older] == [began[2]]
    assert client.get_user_listen_count("Alice Archivist") == 4
    assert client.get_playing_now("Alice Archivist") is None
    with pytest.raises(ListenBrainzAPIException) as refused:
        client.get_listens("bob")
    assert (refused.value.status_code, refused.value.message) == (404, "Cannot find user: bob")
    client.set_auth_token(api_tokens.make(alice, "Player", [api_scopes.SUBMIT], 30))
    with pytest.raises(ListenBrainzAPIException) as refused:
        client.get_listens("Alice Archivist")
    assert refused.value.status_code == 403


@pytest.mark.parametrize("root", ["/1", "/api/listenbrainz/1"])
def test_what_is_asked_is_read_as_its_own_server_reads_it(site: Site, root: str) -> None:
    alice = make_user("alice")
    token = api_tokens.make(alice, "Reader", [api_scopes.PLAYS], 30)

    def ask(query: str) -> Any:
        path = f"{root}/user/alice/listens{query}"
        return site.visitor().get(path, headers={"Authorization": f"Token {token}"})

    empty = {"user_id": "Alice", "count": 0, "listens": [], "latest_listen_ts": 0,
             "oldest_listen_ts": 0}  # fmt: skip
    assert ask("").json == {"payload": empty}
    began = heard(alice, 3)
    told = ask("?count=1&unknown=1").json["payload"]
    assert (told["count"], times(told["listens"])) == (1, began[:1])
    assert (told["latest_listen_ts"], told["oldest_listen_ts"]) == (began[0], began[-1])
    assert told["listens"][0]["user_name"] == "Alice"
    assert ask("?count=0").json["payload"]["listens"] == []
    assert ask("?count=5000").json["payload"]["count"] == 3
    for wrong in ("?count=-1", "?count=x", "?max_ts=soon", "?min_ts=1.5", "?max_ts=1&min_ts=2"):
        answer = ask(wrong)
        assert (answer.status_code, answer.json["code"]) == (400, 400), wrong


@pytest.mark.parametrize("root", ["/1", "/api/listenbrainz/1"])
def test_a_name_may_hold_slashes(site: Site, root: str) -> None:
    alice = make_user("alice", display_name="AC/DC/listens")
    token = api_tokens.make(alice, "Reader", [api_scopes.PLAYS], 30)
    for name in ("AC/DC/listens", "AC%2FDC%2Flistens"):
        for last in ("listens", "listen-count", "playing-now"):
            answer = site.visitor().get(
                f"{root}/user/{name}/{last}", headers={"Authorization": f"Token {token}"}
            )
            assert answer.status_code == 200, (name, last)
            assert answer.json["payload"].get("user_id", "AC/DC/listens") == "AC/DC/listens"


def test_a_podcast_is_a_play_and_no_listen(site: Site) -> None:
    alice = make_user("alice")
    heard(alice, 2, kind="episode")
    token = api_tokens.make(alice, "Reader", [api_scopes.PLAYS], 30)
    header = {"Authorization": f"Token {token}"}
    told = site.visitor().get("/1/user/alice/listens", headers=header).json
    assert told["payload"]["listens"] == []
    counted = site.visitor().get("/1/user/alice/listen-count", headers=header).json
    assert counted == {"payload": {"count": 2}}


def test_an_archive_of_podcasts_is_read_once_at_most(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few of its plays are listens, so a page has to look far."""
    alice = make_user("alice")
    began = heard(alice, 2)
    later = clock.now() + timedelta(days=9)
    monkeypatch.setattr(clock, "now", lambda: later)
    heard(alice, 300, "Episode", kind="episode")
    monkeypatch.setattr(listens_by_time, "PART", 2)
    monkeypatch.setattr(listens_by_time, "EDGE", 9)
    opened = counted(monkeypatch, search._Search, "__init__")
    looked_up = counted(monkeypatch, plays_as_listens.track_facts, "of")
    assert times(listens_by_time.page(alice.id, 25)) == began
    assert len(opened) == 1
    assert len(looked_up) < 12  # parts grow
    newest, oldest = listens_by_time.ends(alice.id)
    assert (newest // 60, oldest) == (clock.to_ms(clock.now()) // 60_000 - 1, began[-1])
    assert len(opened) == 3


@pytest.mark.usefixtures("frozen")
def test_reading_listens_has_a_limit_of_its_own(site: Site) -> None:
    token = api_tokens.make(make_user("alice"), "Reader", [api_scopes.PLAYS], 30)
    header = {"Authorization": f"Token {token}"}
    ask = site.visitor().get
    who = f"token {ApiToken.get().id}"
    with site.app.test_request_context():
        waits = [throttle.spend(reading.READ, who=who) for _ in range(99)]
    assert not any(waits)
    statuses = [ask("/1/user/alice/listens", headers=header).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert ask("/1/user/alice/listen-count", headers=header).status_code == 200


def test_the_line_for_curl_works(served: Site) -> None:
    """As docs/api.md shows it, but for the server's name."""
    alice = connected(served.services).user
    text = Path("docs/api.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^curl .+$", text, re.MULTILINE)
    done = subprocess.run(
        ["bash", "-c", line.replace("https://archive.example", served.services.settings.base_url)],
        env={**os.environ, "TOKEN": api_tokens.make(alice, "Shelf", [api_scopes.HEALTH], 30)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["plays"] == 0
