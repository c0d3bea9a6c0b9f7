"""Pages behind the links in e-mails."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.notices import Notice
from audiospective.notices import kind, members, signed_links
from audiospective.policy.failures import NEED_PERSON, Failure
from audiospective.web.access import EXPECTS
from tests.factories import make_connection, make_user

DAY = timedelta(days=1)


@pytest.fixture
def alice(site):
    user = make_user(
        "alice",
        email="alice@mail.example",
        email_verified_at=clock.now(),
        created_at=clock.now() - 30 * DAY,
    )
    make_connection(site.services, user, last_success_at=clock.now() - 3 * DAY)
    return user


def everything():
    models = (User, Connection, Notice, Gap, Coverage)
    return [list(model.select().dicts()) for model in models]


def token_of(url):
    return url.rpartition("/")[2]


@pytest.fixture
def reconnect(site, alice):
    return "/reconnect/" + token_of(members.reconnect_url(site.services, alice.id))


def test_the_link_in_an_email_is_harmless_and_says_little(site, alice, reconnect):
    Connection.update(consecutive_failures=2, last_failure_type="auth").execute()
    before = everything()
    visitor = site.visitor()
    page = visitor.page(reconnect)
    assert everything() == before
    assert "The archive of A… stopped on" in page.text
    assert "3 days so far are at risk" in page.text
    assert "Alice" not in page.text
    assert "mail.example" not in page.text
    (button,) = [tag for tag in page.all("a") if "intent=reconnect" in tag.attributes["href"]]
    assert button.attributes["href"] == "/connect?intent=reconnect"
    with visitor.session_transaction(base_url=site.services.settings.base_url) as session:
        assert session[EXPECTS] == alice.id  # another account will be refused


def test_a_link_that_is_too_old_leads_to_the_sign_in(site, alice):
    old = clock.now() - 15 * DAY
    with clock.use(lambda: old):
        token = token_of(members.reconnect_url(site.services, alice.id))
    page = site.visitor().page(f"/reconnect/{token}", 410)
    assert [tag for tag in page.all("a") if "/sign-in" in tag.attributes["href"]]


def test_a_forged_or_foreign_link_is_none(site, alice, reconnect):
    unsubscribe = signed_links.sign(
        site.services.settings, signed_links.UNSUBSCRIBE, alice.id, "renewal"
    )
    for token in ("x", token_of(reconnect) + "x", unsubscribe):
        site.visitor().page(f"/reconnect/{token}", 404)


def test_before_anything_stopped_the_same_page_renews(site, reconnect):
    Connection.update(last_success_at=clock.now()).execute()
    assert "Renew your access" in site.visitor().page(reconnect).text


def test_where_checks_go_on_after_the_access_has_ended_the_page_reconnects(site, reconnect):
    past = clock.now() - DAY
    Connection.update(last_success_at=clock.now(), reauth_due_at=past).execute()
    page = site.visitor().page(reconnect)
    assert page.one("h1").text == "Reconnect Spotify"
    assert "Access to Spotify expired on" in page.text
    (button,) = page.all("a", class_="button button-primary button-large")
    assert button.text == "Reconnect Spotify"
    assert not re.search("renew", page.one("main").text, re.IGNORECASE)


@pytest.mark.parametrize("status", ["paused", "disconnected"])
def test_an_archive_that_its_member_stopped_did_not_stop_by_itself(site, reconnect, status):
    Connection.update(status=status).execute()
    page = site.visitor().page(reconnect)
    assert page.one("h1").text == f"The archive of A… is {status}"
    assert "no longer accepts" not in page.text
    assert "Why did this happen" not in page.text


def test_where_the_app_is_refused_no_consent_is_blamed(site, alice, reconnect):
    SpotifyApp.update(owner=alice.id, blocked_until=clock.now() + DAY, block_reason="app").execute()
    page = site.visitor().page(reconnect)
    assert "Spotify refuses your app" in page.text
    assert "no longer accepts our access" not in page.text


@pytest.mark.parametrize("failure", ["locked", "network", "silent", "withheld", None])
@pytest.mark.parametrize("expired", [False, True])
def test_the_page_goes_by_the_state_and_not_by_what_the_last_check_met(
    site, alice, reconnect, failure, expired
):
    """An own app's secret that no key opens outranks whatever failed before."""
    SpotifyApp.update(owner=alice.id, secret_encrypted="of a key that is gone").execute()
    due = clock.now() + (-DAY if expired else DAY)
    Connection.update(
        consecutive_failures=2, last_failure_type=failure, reauth_due_at=due
    ).execute()
    page = site.visitor().page(reconnect)
    assert "Your app’s secret cannot be read. The key it was encrypted with" in page.text
    for other in ("no longer accepts our access", "has expired", "what was played"):
        assert other not in page.text
    (button,) = page.all("a", class_="button button-primary button-large")
    assert button.attributes["href"] == "/settings/spotify-app"


@pytest.mark.parametrize("own", [False, True])
def test_a_refusal_by_the_list_is_told_whatever_failed_after_it(site, alice, reconnect, own):
    if own:
        SpotifyApp.update(owner=alice.id).execute()
    values = {"status": "not_allowed", "consecutive_failures": 2, "last_failure_type": "network"}
    Connection.update(**values).execute()
    page = site.visitor().page(reconnect)
    assert "is not on the list of " + ("users" if own else "people") in page.text
    assert "no longer accepts our access" not in page.text


def test_an_archive_whose_checks_never_worked_did_not_stop(site, reconnect):
    values = {"last_success_at": None, "authorized_at": clock.now() - 3 * DAY}
    Connection.update(consecutive_failures=2, last_failure_type="auth", **values).execute()
    page = site.visitor().page(reconnect)
    assert page.one("h1").text == "The archive of A… saves no plays yet"
    assert "no check has worked. 3 days so far are at risk" in page.text


@pytest.fixture
def unsubscribe(site, alice):
    return "/u/" + signed_links.sign(
        site.services.settings, signed_links.UNSUBSCRIBE, alice.id, "renewal"
    )


def test_opening_an_unsubscribe_link_changes_nothing_and_its_button_does(site, alice, unsubscribe):
    visitor = site.visitor()
    before = everything()
    page = visitor.page(unsubscribe)
    assert everything() == before
    answer = visitor.submit(page, unsubscribe)
    assert answer.status_code == 303
    user = User.get_by_id(alice.id)
    assert kind.switched_off(user) - set(kind.OPT_IN) == {"renewal"}
    assert kind.address(user, "renewal") is None
    assert kind.address(user, "archive_stopped") == "alice@mail.example"
    page = visitor.page(unsubscribe)
    assert "You no longer get reminders" in page.text
    visitor.submit(page, unsubscribe)
    assert kind.switched_off(User.get_by_id(alice.id)) == set(kind.OPT_IN)


def test_a_mail_program_unsubscribes_with_one_post_without_cookie_or_token(
    site, alice, unsubscribe
):
    answer = site.app.test_client().post(
        unsubscribe,
        data={"List-Unsubscribe": "One-Click"},
        base_url=site.services.settings.base_url,
    )
    assert (answer.status_code, answer.data) == (200, b"")
    assert "Set-Cookie" not in answer.headers
    assert "renewal" in kind.switched_off(User.get_by_id(alice.id))


def test_an_unsubscribe_link_of_somebody_who_left_or_of_nobody_leads_nowhere(
    site, alice, unsubscribe, reconnect
):
    site.visitor().page(unsubscribe + "x", 404)
    site.visitor().page("/u/" + token_of(reconnect), 404)
    alice.delete_instance()
    assert site.visitor().post(unsubscribe).status_code == 404


@pytest.mark.parametrize("failure", sorted(NEED_PERSON - {Failure.AUTH}))
@pytest.mark.parametrize("own", [False, True])
def test_the_page_explains_each_failure_that_only_a_person_can_mend(
    site, alice, reconnect, failure, own
):
    if own:
        SpotifyApp.update(owner=alice.id).execute()
    Connection.update(consecutive_failures=2, last_failure_type=failure.value).execute()
    page = site.visitor().page(reconnect)
    assert "Spotify no longer accepts our access" not in page.text
    assert ("developer dashboard" in page.text) == own
    assert ("Whoever runs this server" in page.text) != own
