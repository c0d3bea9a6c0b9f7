"""The page on which plays are sent on; the other server is an archive like this one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread

import pytest
from urllib3.connectionpool import HTTPConnectionPool
from werkzeug.serving import make_server

from audiospective import clock, history
from audiospective.accounts import api_tokens, sessions
from audiospective.clients import listen_server
from audiospective.clients.deadline import Deadline
from audiospective.exports import forwarding, forwarding_round
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models import User
from audiospective.models.forwards import Forward
from audiospective.policy import api_scopes, listen_servers
from tests.factories import make_user, play
from tests.support.clocks import Frozen
from tests.support.processes import free_port
from tests.web.conftest import MakeSite, Site

PAGE = "/settings/forwarding"


@pytest.fixture
def served(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The site on the loopback, which is let through for the test."""
    monkeypatch.setitem(listen_server.POOLS, "http", HTTPConnectionPool)
    monkeypatch.setattr(listen_servers, "fault", lambda _: None)
    port = free_port()
    site = make_site(base_url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, site.app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def test_plays_go_from_one_archive_to_another_and_not_back(served: Site, frozen: Frozen) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    base = served.services.settings.base_url
    tokens = {
        user.id: api_tokens.make(user, "From the other", [api_scopes.SUBMIT], 365)
        for user in (alice, bob)
    }
    for user, other in ((alice, bob), (bob, alice)):
        browser = served.member(user)
        page = browser.page(PAGE)
        answer = browser.submit(
            page, PAGE, root=f"{base}/1/", token=tokens[other.id], players="yes"
        )
        assert answer.status_code == 303, answer.text
        said = browser.page(PAGE)
        assert f"knows you as {other.display_name}" in said.text
        assert tokens[other.id] not in said.text
        assert base in said.text
    frozen.forward(hours=1)
    facts = [play(clock.now(), "Ebb"), play(clock.now(), "Flood")]
    ids = polled.remember([one.track for one in facts])
    append.polled(
        [
            append.NewPlay(alice.id, one.played_at + n * 300_000, ids[one.track.spotify_id], None)
            for n, one in enumerate(facts)
        ]
    )
    for _ in range(4):
        frozen.forward(hours=3)
        forwarding_round.carry_out(served.services, Deadline(forwarding.SECONDS))
    assert history.total(alice.id) == history.total(bob.id) == 2
    sent = {row.user_id: row.sent for row in Forward.select()}
    assert sent == {alice.id: 2, bob.id: 0}
    theirs = history.frame(bob.id, columns=["source", "platform"]).rows()
    assert theirs == [(2, "Audiospective")] * 2
    browser = served.member(alice)
    page = browser.page(PAGE)
    browser.submit(page, f"{PAGE}/test")
    assert "The server answers" in browser.page(PAGE).text
    browser.submit(browser.page(PAGE), f"{PAGE}/past")
    assert "on their way" in browser.page(PAGE).text
    browser.submit(browser.page(PAGE), f"{PAGE}/stop")
    assert forwarding.of(alice.id) is None


def test_what_does_not_work_is_said_beside_its_field_and_keeps_nothing(served: Site) -> None:
    browser = served.member(make_user("alice"))
    base = served.services.settings.base_url
    page = browser.page(PAGE)
    for field, root, token in (
        ("token", base, "0" * 36), ("token", base, ""), ("token", base, "schlüssel"),
        ("root", "http://127.0.0.1:9", "0" * 36),
    ):  # fmt: skip
        answer = browser.submit(page, PAGE, root=root, token=token)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text, (root, token)
        assert not token or token not in answer.text
    assert Forward.select().count() == 0


def test_addresses_inside_are_refused_before_any_call(site: Site) -> None:
    browser = site.member(make_user("alice"))
    page = browser.page(PAGE)
    for root in ("http://lb.example", "https://127.0.0.1", "https://10.0.0.1", "https://db.local"):
        answer = browser.submit(page, PAGE, root=root, token="0" * 36)
        assert answer.status_code == 422
        assert 'id="root-error"' in answer.text


def test_a_server_that_answers_after_everybody_was_signed_out_gets_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers_late(_: object, user_id: int, *more: object) -> str:
        sessions.end_all(User.get_by_id(user_id))
        return "mallory"

    monkeypatch.setattr(forwarding, "checked", answers_late)
    browser = site.member(make_user("alice"))
    token = "0b9b1a5e-8f4e-4d3c-9c55-0d3ad2b8f9aa"
    answer = browser.submit(
        browser.page(PAGE), PAGE, root="https://listens.example.com/", token=token
    )
    assert (answer.status_code, answer.location.startswith("/sign-in")) == (303, True)
    assert "You were signed out meanwhile" in browser.get(answer.location).text
    assert not Forward.select().exists()


def test_what_waits_is_said_while_a_server_takes_nothing(site: Site) -> None:
    alice, now = make_user("alice"), clock.now()
    Forward.create(
        user=alice, root="https://lb.example", token_encrypted="x", since=now, failures=3,
        next_at=now - timedelta(days=1), error=forwarding.AWAY, past_at=clock.to_ms(now),
    )  # fmt: skip
    said = " ".join(site.member(alice).page(PAGE).text.split())
    assert "The next try: any minute now. Nothing is lost meanwhile." in said
    assert "Earlier plays they wait until the server takes plays again" in said
