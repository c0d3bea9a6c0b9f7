"""What the simulation does in a shorter way comes to the same as the longer one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest
from flask import Flask

from audiospective.clients import recently_played
from audiospective.policy.plays import Page
from audiospective.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    Control,
    create_sandbox,
    grants,
    recent,
)
from audiospective.sandbox.exchange import state_of
from audiospective.sandbox.faults import NAMES
from audiospective.sandbox.listeners import Listener
from audiospective.simulation import in_process_spotify, sandbox_calls, spotify_side

BASE = "http://sandbox.test"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
APP = (CLIENT_ID, CLIENT_SECRET)
QUICK = {"stall": {"seconds": 0, "then": "answer"}, "drip": {"seconds": 0}}


@pytest.fixture
def sandbox(monkeypatch) -> Iterator[Flask]:
    """One in which alice listened, and in which tokens are known beforehand."""
    monkeypatch.setattr(grants, "token", lambda start, length: start.ljust(length, "x"))
    made = create_sandbox(
        None, base=BASE, demo=False, source_ms=lambda: int(NOW.timestamp()) * 1000
    )
    world = state_of(made)
    world.meet([Listener("alice", "account", "Alice")])
    Control(world).burst("alice", 60)
    yield made
    world.close()


def both(sandbox: Flask, method: str, path: str, **request):
    """What either way answers: status, headers and body, or that the connection was cut."""
    world = state_of(sandbox)
    found = []
    for ask in (
        lambda url: sandbox_calls.ask(sandbox.wsgi_app, method, url, **request),
        lambda url: sandbox_calls.ask_for_poll(world, method, url, **request),
    ):
        counted = world.calls.count()
        try:
            reply = ask(BASE + path)
            found.append((reply.status, dict(reply.headers), reply.body))
        except sandbox_calls.DroppedError:
            found.append("cut")
        assert world.calls.count() == counted + 1
    assert world.calls.recent[-1] == world.calls.recent[-2]
    return found


def page(sandbox: Flask, token: str | None, query: str = "?limit=50"):
    headers = {} if token is None else {"Authorization": token}
    return both(sandbox, "GET", f"/v1/me/player/recently-played{query}", headers=headers)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_fault_strikes_a_poll_alike(sandbox, name):
    control = Control(state_of(sandbox))
    tokens = control.mint("alice")
    for endpoint in ("recently-played", "token"):
        control.clear()
        control.fault(name, endpoint=endpoint, **QUICK.get(name, {}))
        with_framework, without = page(sandbox, f"Bearer {tokens['access_token']}")
        assert with_framework == without
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        with_framework, without = both(sandbox, "POST", "/api/token", data=form, auth=APP)
        assert with_framework == without


@pytest.mark.parametrize(
    "query",
    ["", "?", "?limit=50", "?limit=0", "?limit=x", "?limit=5&limit=7", "?limit=&before=1",
     "?before=1772366380000&limit=20", "?after=0&limit=1", "?after=1&before=2", "?more=a%20b%2B"],
)  # fmt: skip
def test_the_parameters_of_a_page_say_the_same(sandbox, query):
    token = Control(state_of(sandbox)).mint("alice")["access_token"]
    with_framework, without = page(sandbox, f"Bearer {token}", query)
    assert with_framework == without


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer nothing", "Basic x", "bearer {}"])
def test_who_asks_is_known_alike(sandbox, token):
    known = Control(state_of(sandbox)).mint("alice")["access_token"]
    with_framework, without = page(sandbox, token and token.format(known))
    assert with_framework == without


@pytest.mark.parametrize(
    ("form", "app"),
    [
        ({}, APP),
        ({"grant_type": "client_credentials"}, APP),
        ({"grant_type": "refresh_token", "refresh_token": "ä+& ="}, APP),
        ({"grant_type": "refresh_token"}, (CLIENT_ID, "another: secret")),
        ({"grant_type": "authorization_code", "code": "none"}, ("nobody", "")),
        ({"grant_type": "more"}, APP),
    ],
)
def test_a_token_call_is_refused_or_granted_alike(sandbox, form, app):
    with_framework, without = both(sandbox, "POST", "/api/token", data=form, auth=app)
    assert with_framework == without


def test_any_other_call_goes_through_the_framework(sandbox):
    world = state_of(sandbox)
    assert sandbox_calls.ask_for_poll(world, "GET", f"{BASE}/v1/me") is None
    assert sandbox_calls.ask_for_poll(world, "POST", f"{BASE}/v1/me/player/recently-played") is None
    assert sandbox_calls.ask_for_poll(world, "POST", f"{BASE}/emails", data={}) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"<html>", b'{"items":null}', b'{"items":[]}', b'{"items":[{}, null]}',
        b'{"items":[{"played_at":"2026-03-01T12:00:00.000Z","track":{"id":"a","name":"\\ud83c"}}]}',
        (b'{"items":[{"played_at":"lately","track":{"id":"a"}},{"played_at":"2026-03-01T12:00:00Z",'
        b'"track":{"id":"b","linked_from":{"id":"c"}},"context":{"uri":"d"}}],"limit":50}'),
        b'{"items":[{"played_at":"2026-03-01T12:00:00Z","track":nul}]}', b'{"items":[1',
    ],
)  # fmt: skip
def test_items_that_are_read_one_by_one_make_the_page_that_they_are(body):
    def read(way):
        try:
            return way(body)
        except recently_played.MalformedPageError as error:
            return type(error)

    assert read(in_process_spotify.read_page) == read(recently_played.read_page)


@pytest.mark.parametrize("name", [None, *recent.DISTORTING])
def test_what_a_page_says_is_read_alike_item_by_item_and_by_the_oracle(sandbox, name):
    control = Control(state_of(sandbox))
    if name is not None:
        control.fault(name, items=3)
    _, (_, _, body) = page(sandbox, f"Bearer {control.mint('alice')['access_token']}")
    assert in_process_spotify.read_page(body) == recently_played.read_page(body)
    assert spotify_side.read(body) == spotify_side._read_any(body)


def test_one_call_of_many_goes_through_the_framework_and_says_the_same(sandbox, monkeypatch):
    monkeypatch.setattr(in_process_spotify, "WHOLE_WAY", 3)
    through = []
    whole = sandbox_calls.ask
    monkeypatch.setattr(
        sandbox_calls, "ask", lambda *args, **more: through.append(1) or whole(*args, **more)
    )
    client = in_process_spotify.InProcessSpotify(BASE, sandbox, None, Random(1), None, None)
    token = Control(state_of(sandbox)).mint("alice")["access_token"]
    request = {"headers": {"Authorization": f"Bearer {token}"}}
    replies = [
        client._ask("GET", f"{BASE}/v1/me/player/recently-played?limit=50", request)
        for _ in range(6)
    ]
    assert len(through) == 2
    assert len({(reply.status, reply.body) for reply in replies}) == 1


def test_a_page_that_is_read_otherwise_as_a_whole_is_noticed(monkeypatch):
    body = b'{"items":[{"played_at":"2026-03-01T12:00:00Z","track":{"id":"a"}}]}'
    assert in_process_spotify.is_read_alike(body)
    assert in_process_spotify.is_read_alike(b"<html>")
    monkeypatch.setattr(in_process_spotify, "read_page", lambda _body: Page((), (), offered=1))
    assert not in_process_spotify.is_read_alike(body)
