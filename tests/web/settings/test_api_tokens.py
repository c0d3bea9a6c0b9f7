"""The page of API tokens: one is shown once, says what it allows, and can be ended."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from audiospective import clock
from audiospective.accounts import api_tokens
from audiospective.models import ApiToken, User
from audiospective.policy import api_scopes
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import Site

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_token_is_shown_once_and_does_what_was_chosen(site: Site) -> None:
    alice = make_user("alice")
    browser = site.member(alice)
    page = browser.page("/settings/api")
    assert "No program can read your archive" in page.text
    answer = browser.submit(
        page, "/settings/api", name="Shelf display", scope=api_scopes.STATS, days="30"
    )
    (token,) = set(UUID.findall(answer.text))
    found = api_tokens.find(token)
    assert found is not None
    assert (found.user_id, found.allows) == (alice.id, {api_scopes.STATS})
    assert (found.expires_at - clock.now()).days in (29, 30)
    later = browser.page("/settings/api")
    assert token not in later.text
    assert f"{token[:8]}…" in later.text
    assert "Shelf display" in later.text
    assert "Read figures" in later.text
    browser.submit(later, f"/settings/api/{found.id}/end")
    assert api_tokens.find(token) is None
    assert "1 token" not in browser.page("/settings").text


def test_what_is_missing_is_said_beside_its_field_and_makes_nothing(site: Site) -> None:
    browser = site.member(make_user("alice"))
    page = browser.page("/settings/api")
    whole = {"name": "Player", "scope": api_scopes.HEALTH, "days": "365"}
    for field, wrong in (
        ("name", " "), ("name", "x" * 61), ("scope", "admin"), ("days", "10000"), ("days", ""),
    ):  # fmt: skip
        answer = browser.submit(page, "/settings/api", **{**whole, field: wrong})
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text, field
    assert ApiToken.select().count() == 0


def test_there_are_so_many_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = make_user("alice")
    monkeypatch.setattr(api_tokens, "AT_MOST", 2)
    for _ in range(2):
        api_tokens.make(alice, "Old", [api_scopes.PLAYS], 30)
    browser = site.member(alice)
    answer = browser.submit(
        browser.page("/settings/api"), "/settings/api", name="New", scope="read:plays", days="30"
    )
    assert answer.status_code == 422
    assert "End one of them first" in answer.text


def test_one_that_ends_soon_says_so_wherever_it_is_met(site: Site, frozen: Frozen) -> None:
    """On its page, in the list of settings, and in every answer to the program that shows it."""
    alice: User = make_user("alice", timezone="Europe/Berlin")
    token = api_tokens.make(alice, "Player", [api_scopes.HEALTH], 30)
    last = clock.now() + timedelta(days=30)
    assert "Ends soon" not in site.member(alice).page("/settings/api").text
    assert "ends on" not in site.member(alice).page("/settings").text
    frozen.forward(days=20)
    assert "Ends soon" in site.member(alice).page("/settings/api").text
    (line,) = [
        one for one in site.member(alice).page("/settings").all("li") if "API tokens" in one.text
    ]
    day = last.astimezone(ZoneInfo("Europe/Berlin"))
    assert f"1 token; it ends on {day.day} {day:%b %Y}" in line.text
    assert "badge-warn" in str([one.attributes for one in line.all("span")])
    for path in ("/api/v1/health", "/1/validate-token"):
        answer = site.visitor().get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.headers["Token-Expires"] == f"{last:%Y-%m-%dT%H:%M:%SZ}"
        assert "Token-Expires" in answer.headers["Access-Control-Expose-Headers"]
    assert "Token-Expires" not in site.visitor().get("/1/validate-token").headers


def test_one_that_the_next_release_made_is_listed_with_what_this_one_knows(site: Site) -> None:
    alice = make_user("alice")
    api_tokens.make(alice, "Player", [api_scopes.HEALTH], 30)
    ApiToken.update(scopes=f"{api_scopes.HEALTH} of:tomorrow").execute()
    (listed,) = site.member(alice).page("/settings/api").all("td", data_label="Allows")
    assert listed.text.strip() == "Read health"
