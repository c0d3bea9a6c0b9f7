"""A Spotify app of one's own: kept, encrypted, if Spotify knows it; never mixed with another."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import spotify_app
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.connections import ACTIVE, DISCONNECTED, REFRESH_PLACE
from audiospective.models.coverage import Coverage
from audiospective.policy.sessions import EMAIL
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, Visitor

PAGE = "/settings/spotify-app"
ID, SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


@pytest.fixture
def bob(live: LiveSite) -> Visitor:
    """Bob, signed in by e-mail, with an app of his own at Spotify that serves only him."""
    live.control.make_app(ID, SECRET, allow_list=["bob"])
    user = make_user(
        "bob", spotify_account_id=None, spotify_id=None, email="bob@mail.example",
        email_verified_at=clock.now(),
    )  # fmt: skip
    return live.site.visitor().sign_in(user, EMAIL)


def enter(browser: Visitor, client_id: str = ID, secret: str = SECRET) -> Any:
    return browser.submit(browser.page(PAGE), PAGE, client_id=client_id, client_secret=secret)


def test_the_steps_show_the_exact_redirect_uri(live: LiveSite, bob: Visitor) -> None:
    field = bob.page(PAGE).one("input", id="callback")
    assert field.attributes["value"] == "http://127.0.0.1:8000/callback"


def test_a_good_pair_is_kept_encrypted_and_never_shown_again(live: LiveSite, bob: Visitor) -> None:
    assert enter(bob).status_code == 303
    own = SpotifyApp.get(SpotifyApp.client_id == ID)
    assert SECRET not in own.secret_encrypted
    assert spotify_app.credentials(live.site.services, own).client_secret == SECRET
    text = bob.page(PAGE).text + bob.get(PAGE).text
    assert SECRET not in text
    assert ID not in text
    assert "ending in cdef" in text


def test_bob_connects_through_his_own_app(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    address = live.leave_for_spotify(bob, intent="reconnect")
    assert f"client_id={ID}" in address
    assert live.come_back(bob, address, "bob").headers["Location"] == "/welcome"
    connection = live.connection("bob")
    assert connection.app.client_id == ID
    assert connection.status == ACTIVE
    assert live.control.calls(app=ID) > 0


def test_pages_agree_on_whether_an_app_is_used(live: LiveSite, bob: Visitor) -> None:
    """Kept beside a connection through the server's app, then connected, then disconnected."""

    def said() -> tuple[bool, bool, bool]:
        page, removal = bob.page(PAGE).text, bob.page(f"{PAGE}/remove").text
        overview = " ".join(bob.page("/settings").text.split())
        assert ("Connect through it" in page) == ("is ready" in page)
        return "cdef is in use" in page, "app in use" in overview, "Checks stop" in removal

    live.connect(bob, "bob", intent="attach")
    enter(bob)
    assert said() == (False, False, False)
    live.connect(bob, "bob", intent="reconnect")
    assert said() == (True, True, True)
    bob.submit(bob.page("/connection/disconnect"), "/connection/disconnect")
    assert said() == (False, False, False)


def test_removing_it_counts_as_disconnecting_in_what_may_be_missing(
    frozen: Frozen, live: LiveSite, bob: Visitor
) -> None:
    """Pages say while it lasts that the member disconnected; so does the gap that stays."""
    enter(bob)
    live.connect(bob, "bob", intent="reconnect")
    user, checked = live.user("bob"), clock.now()
    Coverage.create(user=user, started_at=checked - timedelta(hours=1))
    Connection.update(last_success_at=checked).execute()
    frozen.forward(minutes=5)
    bob.submit(bob.page(f"{PAGE}/remove"), f"{PAGE}/remove")
    assert Coverage.newest(user.id).ended_at == checked
    live.connect(bob, "bob", intent="reconnect")  # minutes later nothing is lost
    assert Coverage.newest(user.id).ended_at is None


def test_an_account_that_the_own_app_does_not_list_is_told_what_to_do(
    live: LiveSite, bob: Visitor
) -> None:
    enter(bob)
    answer = live.connect(bob, "charlie", intent="reconnect")
    assert answer.status_code == 403
    assert "User Management" in answer.text
    assert 'action="/waitlist"' not in answer.text


def test_an_owner_without_premium_is_told_so(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    live.control.set_app(ID, owner_premium=False)
    answer = live.connect(bob, "bob", intent="reconnect")
    assert answer.status_code == 503
    assert "Premium" in answer.text


@pytest.mark.parametrize(
    ("client_id", "secret", "words"),
    [
        ("", SECRET, "does not look like a client ID"),
        ("a b c", SECRET, "does not look like a client ID"),
        (ID + "\r\nX: y", SECRET, "does not look like a client ID"),
        ("https://evil.example/0123456789", SECRET, "does not look like a client ID"),
        (ID, "", "does not look like a client secret"),
        (ID, "x" * 500, "does not look like a client secret"),
        (ID, "a" * 32, "does not know this pair"),
        ("b" * 32, SECRET, "does not know this pair"),
        ("sandbox-client", "sandbox-secret", "already used here"),
    ],
)
def test_every_refusal_says_what_to_do(
    live: LiveSite, bob: Visitor, client_id: str, secret: str, words: str
) -> None:
    answer = enter(bob, client_id, secret)
    assert answer.status_code == 422
    assert words in answer.text
    assert not secret or f'value="{secret}"' not in answer.text
    assert spotify_app.own_app(User.get()) is None


def test_a_redirect_uri_that_is_not_registered_is_noticed_before_it_is_kept(
    live: LiveSite, bob: Visitor
) -> None:
    live.control.set_app(ID, redirect_uris=["http://127.0.0.1/other"])
    answer = enter(bob)
    assert answer.status_code == 422
    assert "redirect URI is not registered" in answer.text


@pytest.mark.parametrize(
    ("fault", "params"), [("status", {"status": 502}), ("reset", {}), ("html", {"status": 200})]
)
def test_a_spotify_that_is_away_is_no_verdict_about_the_pair(
    live: LiveSite, bob: Visitor, fault: str, params: dict[str, Any]
) -> None:
    live.control.fault(fault, endpoint="token", **params)
    answer = enter(bob)
    assert answer.status_code == 422
    assert "did not answer" in answer.text
    assert SpotifyApp.get_or_none(SpotifyApp.client_id == ID) is None


def test_charlie_cannot_use_the_app_of_bob(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    charlie = live.site.member(make_user("charlie"))
    assert "already used here" in enter(charlie).text
    address = live.leave_for_spotify(charlie, intent="reconnect")
    assert "client_id=sandbox-client" in address


def test_another_app_needs_another_consent(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    live.connect(bob, "bob", intent="reconnect")
    other = "9" * 32
    live.control.make_app(other, SECRET)
    enter(bob, other)
    connection = live.connection("bob")
    assert (connection.status, connection.refresh_encrypted) == (DISCONNECTED, "")
    assert SpotifyApp.get_or_none(SpotifyApp.client_id == ID) is None
    assert f"client_id={other}" in live.leave_for_spotify(bob, intent="reconnect")


def test_a_new_secret_of_the_same_app_keeps_the_consent(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    live.connect(bob, "bob", intent="reconnect")
    encrypted = live.connection("bob").refresh_encrypted
    live.control.set_app(ID, client_secret="1" * 32)
    assert enter(bob, ID, "1" * 32).status_code == 303
    assert live.connection("bob").refresh_encrypted == encrypted
    own = SpotifyApp.get(SpotifyApp.client_id == ID)
    assert spotify_app.credentials(live.site.services, own).client_secret == "1" * 32


def test_removing_the_app_removes_the_consent_given_through_it(
    live: LiveSite, bob: Visitor
) -> None:
    enter(bob)
    live.connect(bob, "bob", intent="reconnect")
    fence = live.connection("bob").fence
    remove = f"{PAGE}/remove"
    bob.submit(bob.page(remove), remove)
    connection = live.connection("bob")
    assert (connection.status, connection.refresh_encrypted) == (DISCONNECTED, "")
    assert connection.fence > fence
    assert SpotifyApp.select().count() == 1


def test_a_block_of_one_app_stops_no_other(live: LiveSite, bob: Visitor) -> None:
    enter(bob)
    live.control.fault("quota", endpoint="me", app=ID, retry_after=50_000)
    assert live.connect(bob, "bob", intent="reconnect").status_code == 503
    assert bob.get("/connect?intent=attach").status_code == 503
    assert live.connect(live.site.visitor(), "alice").headers["Location"] == "/welcome"


def test_the_secret_is_in_no_log(
    live: LiveSite, bob: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    enter(bob, ID, "a" * 32)
    enter(bob)
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert SECRET not in said
    assert "a" * 32 not in said


def test_a_return_by_spotify_does_not_exchange_the_tokens_of_an_own_app(
    live: LiveSite, bob: Visitor
) -> None:
    enter(bob)
    live.connect(bob, "bob", intent="reconnect")
    before = live.connection("bob")
    answer = live.connect(live.site.visitor(), "bob")  # signed out: through the server's app
    assert answer.headers["Location"] == "/dashboard"
    after = live.connection("bob")
    assert (after.app_id, after.refresh_encrypted) == (before.app_id, before.refresh_encrypted)


def test_the_operators_new_client_id_leaves_old_consents_with_the_old_app(
    make_live: Any,
) -> None:
    live = make_live()
    live.newcomer("alice")
    live.control.make_app("second-client", "second-secret")
    again = make_live(spotify_client_id="second-client", spotify_client_secret="second-secret")
    again.newcomer("bob")
    services = again.site.services
    alice, bob = again.connection("alice"), again.connection("bob")
    assert (bob.app_id, bob.app.client_id) == (1, "second-client")
    assert alice.app.client_id == "sandbox-client"
    assert spotify_app.credentials(services, alice.app).client_secret == "sandbox-secret"
    token = services.vault.decrypt(REFRESH_PLACE, alice.user_id, alice.refresh_encrypted)
    assert token
    back = make_live()
    spotify_app.environment_app(back.site.services)
    assert back.connection("alice").app_id == 1
    assert back.connection("bob").app.client_id == "second-client"
    assert SpotifyApp.select().count() == 2


def test_a_changed_secret_is_taken_over(make_live: Any) -> None:
    spotify_app.environment_app(make_live().site.services)
    services = make_live(spotify_client_secret="new-secret", spotify_seats=9).site.services
    app = spotify_app.environment_app(services)
    assert spotify_app.credentials(services, app).client_secret == "new-secret"
    assert (app.id, app.seats) == (1, 9)


def test_an_own_app_gets_a_row_of_its_own_on_every_database(
    make_live: Any, database_url: str
) -> None:
    live = make_live(database_url=database_url)
    services = live.site.services
    environment = spotify_app.environment_app(services)
    user = make_user("bob")
    own = SpotifyApp.create(owner=user, client_id="x", secret_encrypted="", created_at=clock.now())
    assert (environment.id, own.id) == (1, 2)
    Connection.select().count()


def test_step_by_step_it_goes_from_the_first_page_to_the_consent(
    live: LiveSite, bob: Visitor
) -> None:
    steps = f"{PAGE}/steps"
    assert "Go step by step" in bob.page(PAGE).text
    for number, title in enumerate(("Create", "Enter the redirect", "List", "Enter ID"), start=1):
        page = bob.page(f"{steps}/{number}")
        assert page.one("h1").text.startswith(title)
        (current,) = page.all("a", aria_current="step")
        assert current.text.startswith(f"{number}. ")
    assert (
        bob.page(f"{steps}/2").one("input", id="callback").attributes["value"].endswith("/callback")
    )
    for nowhere in ("0", "6", "x"):
        assert bob.get(f"{steps}/{nowhere}").status_code == 404
    assert bob.get(f"{steps}/5").headers["Location"] == f"{steps}/4"
    form = bob.page(f"{steps}/4")
    wrong = bob.submit(form, PAGE, client_id=ID, client_secret="a" * 32)
    assert wrong.status_code == 422
    assert "4. ID and secret" in wrong.text
    assert f'value="{ID}"' in wrong.text
    right = bob.submit(form, PAGE, client_id=ID, client_secret=SECRET)
    assert right.headers["Location"] == f"{steps}/5"
    assert bob.page(f"{steps}/5").all("a", href="/connect?intent=reconnect")
