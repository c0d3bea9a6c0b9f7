"""The settings, page by page: what is saved, what is refused, what stays."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.accounts import hidden_artists, preferences
from audiospective.history.catalog import polled
from audiospective.models import User
from audiospective.models.notices import (
    FAILED,
    OBSOLETE,
    PERHAPS,
    QUEUED,
    SENT,
    UNCERTAIN,
    UNWRITTEN,
    Notice,
)
from audiospective.notices import kind
from audiospective.policy.preferences import Preferences
from audiospective.web.settings.sections import SECTIONS
from tests.browser.states import save
from tests.factories import make_connection, make_user, track
from tests.web import markup
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag


@pytest.fixture
def alice(site: Site) -> User:
    user = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    make_connection(site.services, user)
    return user


@pytest.fixture
def browser(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def chosen(user: User) -> Preferences:
    return preferences.of(User.get_by_id(user.id))


def send(browser: Visitor, address: str, **values: str) -> Tag:
    """Post the form of a page of the settings and follow to where it leads."""
    answer = browser.submit(browser.page(address), address, **values)
    assert answer.status_code == 303, answer.text[:500]
    return browser.page(answer.headers["Location"].partition("#")[0])


def press_hide(browser: Visitor, page: Tag, **values: str) -> int:
    """Post the first form that hides somebody; the status of the answer."""
    form = page.all("form", action="/settings/hidden", method="post")[0]
    fields = {tag.attributes["name"]: tag.attributes["value"] for tag in form.all("input")}
    origin = browser.application.extensions["audiospective"].settings.base_url + "/"
    data = {**fields, **values}
    return browser.post("/settings/hidden", data=data, headers={"Referer": origin}).status_code


def test_the_list_leads_to_every_page_and_each_page_to_all_others(site, browser):
    listed = browser.page("/settings")
    links = [
        link.attributes["href"]
        for link in listed.one("main", id="main").all("a")
        if link.attributes["href"].startswith("/settings")
    ]
    known = [path for path, _ in SECTIONS]
    assert set(links) <= set(known)
    assert {"/settings/profile", "/settings/counting", "/settings/emails"} <= set(links)
    for address in links:
        page = browser.get(address)
        if page.status_code == 302:  # a page that asks for a fresh sign-in
            continue
        assert page.status_code == 200, address
    nav = browser.page("/settings/counting").one("nav", aria_label="Settings")
    current = [a for a in nav.all("a") if a.attributes.get("aria-current") == "page"]
    assert [a.attributes["href"] for a in current] == ["/settings/counting"]
    assert {a.attributes["href"] for a in nav.all("a")} == {"/settings", *links}


def test_a_profile_is_saved_and_says_so(site, browser, alice):
    page = send(
        browser, "/settings/profile",
        name="Alice the Archivist", timezone="Asia/Kathmandu", week_start="7", theme="dark",
    )  # fmt: skip
    assert "Saved" in page.one("div", id="saved").text
    row = User.get_by_id(alice.id)
    assert (row.display_name, row.timezone) == ("Alice the Archivist", "Asia/Kathmandu")
    assert chosen(alice) == Preferences(week_start=7, theme="dark")
    assert page.one("html").attributes["data-theme"] == "dark"
    assert site.member(alice).page("/dashboard").one("html").attributes["data-theme"] == "dark"
    assert "Saved" not in browser.page("/settings/profile").one("div", id="saved").text


def test_what_cannot_be_saved_stays_in_the_form(browser, alice):
    page = browser.page("/settings/profile")
    answer = browser.submit(
        page, "/settings/profile", name="Ada", timezone="Mars/Olympus", week_start="3", theme="dark"
    )
    assert answer.status_code == 422
    assert "Choose a time zone from the list." in answer.text
    assert "Choose a day from the list." in answer.text
    assert 'value="Ada"' in answer.text
    assert 'value="Mars/Olympus" selected' in answer.text
    assert chosen(alice) == Preferences()
    assert User.get_by_id(alice.id).display_name == "Alice"


def test_a_field_that_is_refused_by_itself_leaves_the_others_as_they_are_settled(
    browser: Visitor, alice: User
) -> None:
    preferences.save(alice.id, {"week_start": 7})
    page = "/settings/profile"
    answer = browser.submit(browser.page(page), page, timezone="Mars/Olympus")
    assert answer.status_code == 422
    form = markup.read(answer.text).one("form", class_="flow settings-form")
    assert form.one("input", name="name").attributes["value"] == "Alice"
    (sunday,) = [one for one in form.all("option", value="7") if "selected" in one.attributes]
    assert sunday.text == "Sunday"


def test_the_zone_of_the_browser_is_offered_and_taken_alone(site, browser, alice):
    send(browser, "/settings/profile", name="Ada", timezone="Asia/Kathmandu", theme="light")
    browser.set_cookie("zone", "Europe/Berlin", domain="localhost")
    site_host = site.services.settings.base_url.partition("//")[2].partition(":")[0]
    browser.set_cookie("zone", "Europe/Berlin", domain=site_host)
    page = browser.page("/settings/profile")
    forms = [form for form in page.all("form", action="/settings/profile") if "Use" in form.text]
    fields = {tag.attributes["name"]: tag.attributes["value"] for tag in forms[0].all("input")}
    assert fields["timezone"] == "Europe/Berlin"
    origin = f"{site.services.settings.base_url}/"
    browser.post("/settings/profile", data=fields, headers={"Referer": origin})
    row = User.get_by_id(alice.id)
    assert (row.timezone, row.display_name) == ("Europe/Berlin", "Ada")
    assert chosen(alice).theme == "light"
    assert "clock is set to" not in browser.page("/settings/profile").text


def test_a_theme_chosen_in_the_footer_is_the_members_everywhere(site, browser, alice):
    page = browser.page("/dashboard")
    browser.submit(page, "/theme", theme="dark")
    assert chosen(alice).theme == "dark"
    assert "checked" in browser.page("/settings/profile").by_id("theme-dark").attributes
    browser.submit(page, "/theme", theme="system")
    assert "data-theme" not in site.member(alice).page("/health").one("html").attributes


@pytest.mark.parametrize(
    ("values", "saved"),
    [
        ({"counting_rule": "30s", "counting_measure": "time"}, ("30s", "time")),
        ({"counting_measure": "time"}, ("all", "time")),
    ],
)
def test_what_counts_is_remembered(browser, alice, values, saved):
    page = send(browser, "/settings/counting", **values)
    assert "Saved" in page.text
    assert (chosen(alice).counting_rule, chosen(alice).counting_measure) == saved
    rule = browser.page("/settings/counting").one("input", name="counting_rule", value=saved[0])
    assert "checked" in rule.attributes


def test_a_rule_that_there_is_not_is_refused(browser, alice):
    page = browser.page("/settings/counting")
    answer = browser.submit(page, "/settings/counting", counting_rule="loud")
    assert answer.status_code == 422
    assert "Choose one from the list." in answer.text
    assert chosen(alice) == Preferences()


def test_each_kind_of_email_is_switched_by_itself(browser, alice):
    page = browser.page("/settings/emails")
    boxes = {box.attributes["value"] for box in page.all("input", name="kinds")}
    assert {"archive_stopped", "gap_found", "export_ready"} <= boxes
    assert "welcome" not in boxes
    assert "operator_alert" not in boxes
    send(browser, "/settings/emails", kinds="gap_found")
    assert kind.switched_off(User.get_by_id(alice.id)) == boxes - {"gap_found"}
    again = browser.page("/settings/emails")
    ticked = [box.attributes["value"] for box in again.all("input", name="kinds", checked="")]
    assert ticked == ["gap_found"]


def test_a_monthly_report_comes_to_nobody_who_did_not_tick_it(browser, alice):
    box = browser.page("/settings/emails").by_id("kinds-monthly_report")
    assert "checked" not in box.attributes
    send(browser, "/settings/emails", kinds="monthly_report")
    assert "monthly_report" not in kind.switched_off(User.get_by_id(alice.id))
    box = browser.page("/settings/emails").by_id("kinds-monthly_report")
    assert "checked" in box.attributes


def test_a_server_without_figures_offers_no_report(make_site):
    site = make_site(derived_stats=False)
    browser = site.member(make_user("bob"))
    assert browser.page("/settings/emails").by_id("kinds-monthly_report") is None
    assert browser.page("/welcome").by_id("emails-month") is None


def test_the_address_in_old_emails_still_leads_to_the_choice(browser):
    answer = browser.get("/settings/alerts")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/settings/emails")


def test_operators_switch_alerts_about_the_server_as_well(browser, alice):
    User.update(is_operator=True).execute()
    assert browser.page("/settings/emails").all("input", value="operator_alert")


@pytest.mark.usefixtures("frozen")  # else a window of the limit may end meanwhile
def test_a_test_email_is_owed_three_times_an_hour_and_its_end_is_told(browser, alice):
    for _ in range(3):
        answer = browser.submit(browser.page("/settings/emails"), "/settings/emails/test")
        assert answer.status_code == 303
    assert "on its way" in browser.page("/settings/emails").text
    assert Notice.select().where(Notice.kind == "test_email").count() == 3
    answer = browser.submit(browser.page("/settings/emails"), "/settings/emails/test")
    assert answer.status_code == 429
    Notice.update(status=FAILED).execute()
    assert "Refused by the mail service" in browser.page("/settings/emails").text


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (QUEUED, None, "on its way"),
        (QUEUED, "401 invalid_api_key", "not taken by the mail service yet, which is asked again"),
        (QUEUED, UNWRITTEN + "UnknownKeyError", "not sent yet: this server cannot read what"),
        (UNCERTAIN, "ReadTimeout", "perhaps sent: the mail service did not answer, so it goes"),
        (UNCERTAIN, UNWRITTEN + "UnknownKeyError", "perhaps sent: the mail service did not answer"),
        (SENT, None, "handed over to the mail service, "),  # and when
        (SENT, "409 invalid_idempotent_request", "handed over to the mail service, "),
        (SENT, PERHAPS, "perhaps sent: the mail service did not answer."),
        (FAILED, "422 validation_error", "Refused by the mail service."),
        (FAILED, UNWRITTEN + "no key opens its data", "not sent: this server cannot read what"),
        (OBSOLETE, None, "not sent."),
    ],
)
def test_of_a_test_email_the_page_says_what_became_of_it(browser, alice, status, error, said):
    browser.submit(browser.page("/settings/emails"), "/settings/emails/test")
    sent_at = clock.now() if status == SENT else None
    Notice.update(status=status, error=error, sent_at=sent_at).execute()
    text = browser.page("/settings/emails").text
    assert said in text.partition("The last test, asked for on ")[2]


def test_without_a_proven_address_there_is_no_test(site):
    bob = site.member(make_user("bob"))
    page = bob.page("/settings/emails")
    assert "no address to write to" in page.text
    assert page.all("form", action="/settings/emails/test") == []


def test_artists_are_hidden_by_name_and_counted_again(site, browser, alice):
    save(alice, 10)
    page = browser.page("/settings/hidden?q=nora")
    assert "Nora Feld" in page.text
    assert "2 plays" in page.text
    assert press_hide(browser, page) == 303
    (artist,) = hidden_artists.ids(alice.id)
    page = browser.page("/settings/hidden")
    assert "1 artist hidden" in page.text
    assert "No artist in your archive matches" in browser.page("/settings/hidden?q=nora").text
    browser.submit(page, f"/settings/hidden/{artist}/show")
    assert hidden_artists.ids(alice.id) == frozenset()


def test_an_artist_of_another_archive_is_neither_found_nor_hidden(site, alice):
    save(alice, 10)
    theirs = polled.remember([track("Theirs", "Only Bob Knows")])
    assert theirs
    browser = site.member(alice)
    assert "Only Bob" not in browser.page("/settings/hidden?q=only").text.partition("matches")[0]
    page = browser.page("/settings/hidden?q=nora")
    for number in ("999999", "-1", "x", "", "9" * 30):
        assert press_hide(browser, page, artist=number) == 303
    assert hidden_artists.ids(alice.id) == frozenset()
    assert press_hide(browser, page) == 303
    bob = site.member(make_user("bob"))
    (artist,) = hidden_artists.ids(alice.id)
    own = bob.page("/settings/profile").all("input", name="csrf_token")[0].attributes["value"]
    bob.post(f"/settings/hidden/{artist}/show", data={"csrf_token": own})
    assert hidden_artists.ids(alice.id) == {artist}


def test_the_page_of_data_counts_what_is_there(browser, alice):
    assert "nothing yet" in browser.page("/settings/data").text
    save(alice, 10)
    text = browser.page("/settings/data").text
    assert "Plays 10" in text
    assert "the oldest from" in text


@pytest.mark.parametrize(
    ("values", "told", "silent"),
    [
        ({"status": "active"}, ["Access until", "Pause", "Disconnect"], ["Reconnect"]),
        ({"status": "paused"}, ["Paused by you", "Resume"], ["Access expires on"]),
        ({"status": "needs_reauth"}, ["Reconnect Spotify"], ["Pause", "Renew"]),
        ({"status": "disconnected"}, ["Reconnect Spotify"], ["Disconnect ", "Consent given"]),
    ],
)
def test_the_connection_offers_what_helps(site, values, told, silent):
    user = make_user("alice")
    make_connection(site.services, user, last_success_at=clock.now(), **values)
    text = site.member(user).page("/settings/connection").one("main", id="main").text
    for words in told:
        assert words in text
    for words in silent:
        assert words not in text
