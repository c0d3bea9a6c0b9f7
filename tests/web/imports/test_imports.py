"""The import pages: sending, looking, agreeing, taking back; and that nobody else can."""

from __future__ import annotations

import io
from typing import Any

import pytest

from audiospective import history
from audiospective.imports import stepping
from audiospective.models import User
from audiospective.models.imports import CANCELLED, DONE, REVIEW, UNDONE, Import
from audiospective.policy.sessions import FRESH
from tests.factories import make_user
from tests.imports.importing import month, spotify_file, without_processes
from tests.web.conftest import Site, Visitor


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)


@pytest.fixture
def alice(site: Site) -> User:
    return make_user("alice")


@pytest.fixture
def browser(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def send(browser: Visitor, action: str, **values: Any) -> Any:
    inputs = browser.page("/imports").all("input")
    token = next(one for one in inputs if one.attributes["name"] == "csrf_token")
    fields = {"csrf_token": token.attributes["value"], **values}
    return browser.post(action, data=fields, headers={"Referer": "http://127.0.0.1/"})


def brought(site: Site, browser: Visitor, *rows: dict[str, Any]) -> Import:
    ((name, data),) = spotify_file(*(rows or month())).items()
    answer = send(browser, "/imports", files=(io.BytesIO(data), name))
    assert answer.status_code == 303, answer.text
    row = Import.select().order_by(Import.id.desc()).get()
    assert answer.headers["Location"] == f"/imports/{row.id}"
    return worked(site, row)


def worked(site: Site, row: Import) -> Import:
    stepping.work(site.services, row.id)
    found: Import = Import.get_by_id(row.id)
    return found


def test_files_are_sent_looked_at_added_and_taken_back(
    site: Site, browser: Visitor, alice: User
) -> None:
    row = brought(site, browser, *month(), {"ts": "never", "ms_played": 3})
    assert row.status == REVIEW
    page = browser.get(f"/imports/{row.id}").text
    assert "Add 56 plays" in page
    assert "difference 0" in page
    assert history.total(alice.id) == 0
    rejected = browser.get(f"/imports/{row.id}/rejected.csv")
    assert rejected.text.count("\n") == 2
    send(browser, f"/imports/{row.id}/agree")
    row = worked(site, row)
    assert (row.status, history.total(alice.id)) == (DONE, 56)
    assert "Take this import back" in browser.get(f"/imports/{row.id}").text
    send(browser, f"/imports/{row.id}/undo")
    assert (worked(site, row).status, history.total(alice.id)) == (UNDONE, 0)


def test_choices_are_worked_out_again(site: Site, browser: Visitor) -> None:
    private = [{**one, "incognito_mode": True} for one in month(range(1, 3))]
    row = brought(site, browser, *month(range(3, 5)), *private)
    assert "Add 4 plays" in browser.get(f"/imports/{row.id}").text
    send(browser, f"/imports/{row.id}/choices", private="on", podcasts="on", audiobooks="on")
    assert worked(site, row).status == REVIEW
    assert "Add 8 plays" in browser.get(f"/imports/{row.id}").text


def test_what_is_discarded_leaves_nothing(site: Site, browser: Visitor) -> None:
    row = brought(site, browser)
    send(browser, f"/imports/{row.id}/discard")
    assert Import.get_by_id(row.id).status == CANCELLED
    assert not list(site.services.storage.list("imports"))


def test_sending_needs_a_fresh_sign_in(frozen: Any, site: Site) -> None:
    browser = site.member(make_user("alice"))
    assert browser.get("/imports/new").headers["Location"].startswith("/imports")
    frozen.forward(seconds=FRESH.total_seconds() + 1)
    assert "/sign-in" in browser.get("/imports/new").headers["Location"]
    assert "Confirm and choose files" in browser.get("/imports").text


def test_nobody_else_sees_or_moves_an_import(site: Site, browser: Visitor) -> None:
    row = brought(site, browser)
    bob = site.member(make_user("bob"))
    for path in ("", "/rejected.csv"):
        assert bob.get(f"/imports/{row.id}{path}").status_code == 404
    for action in ("agree", "discard", "undo", "choices"):
        assert send(bob, f"/imports/{row.id}/{action}").status_code == 404
    assert Import.get_by_id(row.id).status == REVIEW
