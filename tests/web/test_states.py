"""Every state of an archive against every page: what they say never contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.notices import signed_links
from audiospective.operations import health
from audiospective.policy.archive_state import Action, ArchiveState, Tone
from audiospective.policy.health import HealthStatus
from tests.support.archive_states import DAY, STATES
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import Site
from tests.web.markup import Tag

Texts = dict[str, str]


class Seen(NamedTuple):
    """What alice sees: whole pages, and what the dashboard says when it asks again."""

    state: ArchiveState
    pages: dict[str, Tag]

    def text(self, page: str) -> str:
        return " ".join(self.pages[page].text.split())

    def forms(self, page: str) -> set[str]:
        return {form.attributes["action"] for form in self.pages[page].all("form")}

    def links(self, page: str) -> set[str]:
        return {link.attributes.get("href", "") for link in self.pages[page].all("a")}

    def facts(self, page: str) -> dict[str, str]:
        found = {}
        for facts in self.pages[page].all("dl", class_="facts"):
            values = zip(facts.all("dt"), facts.all("dd"), strict=True)
            found |= {dt.text: dd.text for dt, dd in values}
        return found


@pytest.fixture(params=STATES)
def seen(request: pytest.FixtureRequest, site: Site, frozen: Frozen) -> Seen:
    expected, make = STATES[request.param]
    user = make(site.services)
    member = site.member(user)
    state = health.state(site.services, user.id)
    assert state.status is expected
    token = signed_links.sign(site.services.settings, signed_links.RECONNECT, user.id)
    pages = {
        name: member.page(address)
        for name, address in {
            "dashboard": "/dashboard",
            "health": "/health",
            "landing": "/",
            "welcome": "/welcome",
            "own app": "/settings/spotify-app",
            "connection": "/settings/connection",
            "disconnect": "/connection/disconnect",
            "reconnect": f"/reconnect/{token}",
        }.items()
    }
    pages["live"] = markup.read(member.fragment("/ui/dashboard").text)
    return Seen(state, pages)


RULES: list[Callable[[Seen], None]] = []


def rule(function: Callable[[Seen], None]) -> Callable[[Seen], None]:
    RULES.append(function)
    return function


@rule
def every_page_names_the_same_state(seen: Seen) -> None:
    assert seen.pages["dashboard"].one("h1").text == seen.state.title
    for page in ("health", "live"):
        assert seen.state.title in seen.text(page)
        assert seen.state.traits.meaning in seen.text(page)


@rule
def an_end_of_the_access_is_told_only_while_there_is_one(seen: Seen) -> None:
    for page in ("dashboard", "health", "live"):
        assert ("Access expires" in seen.text(page)) == seen.state.traits.consent, page
        if not seen.state.traits.consent:
            assert "/connect?intent=renew" not in seen.links(page)


@rule
def the_one_thing_that_helps_is_offered_wherever_the_state_is_told(seen: Seen) -> None:
    target = {
        Action.RECONNECT: "/connect?intent=reconnect",
        Action.CONNECT: "/connect",
        Action.OWN_APP: "/settings/spotify-app",
    }.get(seen.state.traits.action)
    for page in ("dashboard", "health", "live"):
        if target:
            assert target in seen.links(page), page
        assert ("/connection/resume" in seen.forms(page)) == (
            seen.state.traits.action is Action.RESUME
        )
        assert ("/connection/check" in seen.forms(page)) == seen.state.can_check


@rule
def nothing_can_be_paused_that_does_not_run(seen: Seen) -> None:
    assert ("/connection/pause" in seen.forms("connection")) == seen.state.can_pause
    if seen.state.traits.tone is Tone.BAD:
        assert not seen.state.can_pause


@rule
def a_next_check_is_told_only_while_checks_are_made(seen: Seen) -> None:
    for page in ("dashboard", "health", "live"):
        assert ("Next check" in seen.text(page)) == seen.state.traits.checks, page


@rule
def a_refusal_that_is_asked_again_is_told_with_both_times_and_no_alarm(seen: Seen) -> None:
    refused = seen.state.refused_at is not None
    assert refused == (seen.state.status is HealthStatus.REFUSED_ONCE)
    for page in ("dashboard", "health", "live", "connection"):
        assert ("Refused once" in seen.text(page)) == refused, page
        if refused:
            assert {"15:04", "15:34"} <= set(re.findall(r"\d\d:\d\d", seen.text(page))), page
            assert "Reconnect needed" not in seen.text(page)
            assert "at risk" not in seen.text(page)
            assert "/connect?intent=reconnect" in seen.links(page), page
            assert not [a for a in seen.pages[page].all("a", class_="button button-primary")
                        if "intent=reconnect" in a.attributes["href"]]  # fmt: skip


@rule
def gaps_are_counted_the_same_everywhere(seen: Seen) -> None:
    told = seen.facts("dashboard").get("Possible gaps")
    assert (told or "none known").startswith(str(len(seen.state.open_gaps) or "none known"))
    also = seen.facts("health").get("Possible gaps")
    assert (also is None) == (told is None)
    text = seen.text("health")
    rows = [row for row in seen.pages["health"].all("tr") if "Still growing" in row.text]
    assert len(rows) == (seen.state.growing is not None)
    assert ("No gaps since" in text) == bool(seen.state.began and not seen.state.gaps)
    if not seen.state.open_gaps:
        assert not re.search(r"\b[1-9]\d* gap", text)
    months = [row.all("td") for row in seen.pages["health"].all("tr") if "2026" in row.text]
    counted = [cells[2].text for cells in months if len(cells) == 4]
    if seen.state.began is not None:
        assert counted
        assert (set(counted) == {"none"}) == (not seen.state.open_gaps)


@rule
def what_is_not_saved_is_said_everywhere_or_nowhere(seen: Seen) -> None:
    risk = seen.state.at_risk_since is not None
    assert ("Not saved since" in seen.text("health")) == risk
    said = re.search(
        "stopped on|saves no plays yet|no plays are saved since", seen.text("reconnect")
    )
    assert (said is not None) == risk
    if risk:
        assert "Access to Spotify expires" not in seen.text("reconnect")
    assert seen.state.traits.tone is not Tone.GOOD or not risk


@rule
def green_is_for_archives_that_hold_something(seen: Seen) -> None:
    if seen.state.traits.tone is Tone.GOOD:
        assert seen.state.plays > 0
    if seen.state.plays == 0:
        assert "is safe" not in seen.text("dashboard")


@rule
def a_warning_about_warnings_is_for_archives_that_can_still_stop(seen: Seen) -> None:
    for page in ("dashboard", "health"):
        assert ("so we can warn you" in seen.text(page)) == seen.state.traits.checks, page


@rule
def the_first_plays_are_awaited_only_while_a_check_is_due(seen: Seen) -> None:
    waits = "Asking Spotify for your last plays" in seen.text("welcome")
    assert not waits or seen.state.status is HealthStatus.FIRST_POLL
    if seen.state.status in (HealthStatus.RECONNECT_NEEDED, HealthStatus.DISCONNECTED):
        assert "From now on" not in seen.text("welcome")


@rule
def only_a_connection_can_be_ended(seen: Seen) -> None:
    assert ("/connection/disconnect" in seen.forms("disconnect")) == seen.state.can_disconnect


@rule
def an_own_app_in_use_is_one_that_works(seen: Seen) -> None:
    if seen.state.traits.action is Action.OWN_APP:
        assert "is in use" not in seen.text("own app")


def test_pages_agree_about_the_state_of_an_archive(seen: Seen) -> None:
    broken = []
    for one in RULES:
        try:
            one(seen)
        except AssertionError as error:
            broken.append(f"{one.__name__}: {error}")
    assert broken == []


def test_every_status_is_tried() -> None:
    assert {status for status, _ in STATES.values()} == set(HealthStatus)


def test_a_check_that_has_to_wait_says_what_for_and_until_which_day(
    site: Site, frozen: Frozen
) -> None:
    _, make = STATES["limited for a day"]
    user: User = make(site.services)
    Connection.update(last_success_at=clock.now()).execute()  # fresh: the button is there
    member = site.member(user)
    answer = member.submit(member.page("/dashboard"), "/connection/check")
    assert answer.status_code == 303
    text = member.page("/dashboard").text
    assert "Spotify asked us to wait" in text
    assert f"{(clock.now() + DAY).day} Mar 2026" in text
    assert "just" not in text.split("Spotify asked us to wait")[0]


def test_connecting_through_an_app_whose_secret_is_lost_says_what_to_do(site: Site) -> None:
    _, make = STATES["own app's secret unreadable"]
    member = site.member(make(site.services))
    page = member.page("/connect?intent=reconnect", 503)
    assert page.one("h1").text == "Your app’s secret cannot be read"
    assert "/settings/spotify-app" in {link.attributes["href"] for link in page.all("a")}
