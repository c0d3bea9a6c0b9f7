"""The export page: choosing, watching, fetching; and that nobody else can."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.storage import StorageError
from audiospective.exports import descriptions, export_job
from audiospective.models import User
from audiospective.models.exports import CANCELLED, EXPIRED, READY, WAITING, WORKING, Export
from audiospective.policy.export_rules import KEPT, LINK
from audiospective.policy.sessions import FRESH
from audiospective.web.access import sign_out_everywhere
from audiospective.web.exports import pages
from audiospective.web.exports.pages import A_DAY
from audiospective.web.long_bodies import Turns
from tests.exports.making import archive, hard_plays
from tests.web.conftest import MakeSite, Site, Visitor
from tests.web.markup import Tag


@pytest.fixture
def alice(site: Site) -> User:
    return User.get_by_id(archive(*hard_plays()))


@pytest.fixture
def bob(site: Site) -> User:
    return User.get_by_id(archive(name="bob"))


@pytest.fixture
def browser(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def send(browser: Visitor, action: str, **values: str) -> Any:
    """Post to `action` with the token of the page, as each of its forms does."""
    tokens = browser.page("/exports").all("input")
    token = next(one for one in tokens if one.attributes["name"] == "csrf_token")
    fields = {"csrf_token": token.attributes["value"], **values}
    return browser.post(action, data=fields, headers={"Referer": "http://127.0.0.1/"})


def ask(browser: Visitor, form: str = "json", **more: str) -> Export:
    answer = send(browser, "/exports", format=form, **more)
    assert answer.status_code == 303, answer.text
    newest: Export = Export.select().order_by(Export.id.desc()).get()
    return newest


def make(site: Site, export: Export) -> Export:
    export_job.work(site.services, export.id, Deadline(60))
    found: Export = Export.get_by_id(export.id)
    assert found.status == READY
    return found


def link(browser: Visitor, export: Export) -> str:
    """The download link that the page shows."""
    anchors = browser.page("/exports").all("a")
    addresses = [one.attributes.get("href", "") for one in anchors]
    (found,) = (one for one in addresses if f"/exports/{export.id}/file" in one)
    return found


def words(page: Tag) -> str:
    return " ".join(page.text.split())


def test_the_page_says_how_many_may_be_made(browser: Visitor) -> None:
    assert f"make up to {A_DAY.count} a day" in browser.page("/exports").text


def test_every_format_is_on_the_page_with_its_readers_and_its_time(browser: Visitor) -> None:
    text = browser.get("/exports").text
    for form in descriptions.FORMATS:
        assert f'value="{form.name}"' in text
    assert "two weeks" in text
    assert "<strong>beginning</strong>" in text
    assert "<strong>end</strong>" in text


def test_a_file_is_asked_for_watched_and_fetched(site: Site, browser: Visitor) -> None:
    export = ask(browser)
    assert export.status == WAITING
    Export.update(status=WORKING, done=10, total=40).execute()
    answer = browser.fragment(f"/ui/exports/{export.id}")
    assert answer.status_code == 200
    assert "25 %" in answer.text
    Export.update(status=WAITING, done=0).execute()
    make(site, export)
    answer = browser.fragment(f"/ui/exports/{export.id}")
    assert answer.status_code == 286
    assert "JSON: Ready" in answer.text

    file = browser.get(link(browser, export))
    assert file.status_code == 200
    assert json.loads(file.data)["count"] == Export.get_by_id(export.id).plays > 0
    assert file.headers["Content-Disposition"] == 'attachment; filename="plays.json"'
    assert file.headers["Cache-Control"] == "private, no-store"
    assert file.headers["Content-Length"] == str(len(file.data))
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Type"] == "application/json"


def test_the_compatible_form_is_only_made_where_there_is_one(browser: Visitor) -> None:
    assert ask(browser, "csv", compatible="on").compatible is False
    Export.update(status=CANCELLED).execute()
    assert ask(browser, "koito", compatible="on").compatible is True


def test_asking_twice_is_asking_once(browser: Visitor) -> None:
    first = ask(browser)
    assert ask(browser, "csv").id == first.id
    assert "One export is being made already" in browser.get("/exports").text
    assert Export.select().count() == 1


def test_an_unknown_format_is_refused(browser: Visitor) -> None:
    assert send(browser, "/exports", format="../../etc").status_code == 400
    assert not Export.select().exists()


def test_an_export_is_cancelled_and_another_one_deleted_with_its_file(
    site: Site, browser: Visitor
) -> None:
    export = ask(browser)
    send(browser, f"/exports/{export.id}/cancel")
    assert Export.get_by_id(export.id).status == CANCELLED
    second = make(site, ask(browser))
    send(browser, f"/exports/{second.id}/delete")
    assert Export.get_by_id(second.id).status == EXPIRED
    assert site.services.storage.size(second.key) is None


def test_a_file_that_storage_does_not_delete_is_still_there_and_that_is_said(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = make(site, ask(browser))

    def away(key: str) -> None:
        raise StorageError("away")

    monkeypatch.setattr(site.services.storage, "delete", away)
    assert send(browser, f"/exports/{export.id}/delete").status_code == 303
    assert "it is still here" in browser.get("/exports").text
    assert Export.get_by_id(export.id).status == READY


def test_each_state_is_said(site: Site, browser: Visitor, alice: User) -> None:
    now = clock.now()
    for number, status in enumerate(("failed", "cancelled", "expired", "of a newer release")):
        Export.create(
            user=alice, form="csv", status=status, changed_at=now,
            created_at=now - timedelta(minutes=number), error="Something." if number == 0 else None,
        )  # fmt: skip
    text = browser.get("/exports").text
    for word in ("Failed", "Something.", "Cancelled", "Expired", "of a newer release"):
        assert word in text
    browser.page("/exports")


def test_a_file_whose_time_is_over_is_not_offered_while_no_round_has_come_by(
    site: Site, browser: Visitor, alice: User
) -> None:
    """As where no worker runs: the file is there, and every link to it is refused."""
    export = make(site, ask(browser))
    assert "Exports to download 1" in words(browser.page("/settings/data"))
    assert "Exports kept here 1" in words(browser.page("/settings/delete"))
    late = clock.now() - timedelta(seconds=1)
    Export.update(expires_at=late).where(Export.id == export.id).execute()
    page = browser.page("/exports")
    (line,) = page.all("li", class_="shelf-line")
    assert "Expired" in line.text
    assert "Download" not in line.text
    assert "Make it again" in line.text
    assert "Exports to download none" in words(browser.page("/settings/data"))
    assert "Exports kept here 0" in words(browser.page("/settings/delete"))


def test_somebody_else_can_neither_see_nor_fetch_nor_end_it(
    site: Site, browser: Visitor, bob: User
) -> None:
    export = make(site, ask(browser))
    address = link(browser, export)
    stranger = site.member(bob)
    assert stranger.get(address).status_code == 404
    assert stranger.fragment(f"/ui/exports/{export.id}").status_code == 404
    assert export.file_name not in stranger.get("/exports").text
    for verb in ("cancel", "delete"):
        assert send(stranger, f"/exports/{export.id}/{verb}").status_code == 404
    assert Export.get_by_id(export.id).status == READY
    assert site.visitor().get(address).status_code == 302  # to the sign-in


def test_a_link_is_for_one_session_only(site: Site, browser: Visitor, alice: User) -> None:
    export = make(site, ask(browser))
    address = link(browser, export)
    other = site.member(alice)  # the same member on another machine
    other.get("/exports")
    answer = other.get(address)
    assert (answer.status_code, answer.location) == (303, "/exports#shelf")
    assert other.get(link(other, export)).status_code == 200
    assert browser.get(address).status_code == 200


def refused(answer: Any) -> bool:
    return answer.status_code in (302, 303, 404) and b"plays" not in answer.data


def test_a_link_ends_with_time_sign_out_expiry_and_deletion(
    site: Site, browser: Visitor, alice: User, frozen: Any
) -> None:
    browser.sign_in(alice)
    export = make(site, ask(browser))
    address = link(browser, export)
    frozen.forward(seconds=LINK.total_seconds() + 1)
    assert refused(browser.get(address))

    address = link(browser, export)
    assert browser.get(address).status_code == 200
    Export.update(expires_at=clock.now()).execute()
    assert refused(browser.get(address))
    Export.update(expires_at=clock.now() + KEPT).execute()
    assert browser.get(address).status_code == 200

    with site.app.test_request_context():
        sign_out_everywhere(alice)
    assert refused(browser.get(address))
    again = browser.sign_in(User.get_by_id(alice.id))
    assert refused(again.get(address))

    address = link(again, export)
    assert again.get(address).status_code == 200
    send(browser, f"/exports/{export.id}/delete")
    assert refused(again.get(address))


@pytest.mark.parametrize("change", ["", "x", "id"])
def test_a_forged_link_is_refused(site: Site, browser: Visitor, change: str) -> None:
    export = make(site, ask(browser))
    address = link(browser, export)
    (key,) = parse_qs(urlsplit(address).query)["key"]
    if change == "id":
        other = make(site, ask(browser, "csv"))
        address = address.replace(f"/{export.id}/", f"/{other.id}/")
    else:
        # The first character: of the last one some bits are not read.
        other_first = "A" if key[0] != "A" else "B"
        address = address.replace(key, other_first + key[1:] if change else "")
    assert refused(browser.get(address))


def test_an_old_session_has_to_prove_itself_first(
    site: Site, browser: Visitor, alice: User, frozen: Any
) -> None:
    browser.sign_in(alice)
    frozen.forward(seconds=FRESH.total_seconds() + 1)
    answer = send(browser, "/exports", format="csv")
    assert answer.status_code == 303
    assert "confirm=1" in answer.location
    assert not Export.select().exists()


@pytest.mark.usefixtures("frozen")  # else a window of the limit may end meanwhile
def test_exports_of_a_day_are_limited(browser: Visitor) -> None:
    codes = []
    for _ in range(31):
        codes.append(send(browser, "/exports", format="csv").status_code)
        Export.update(status=CANCELLED).execute()
    assert codes == [303] * 30 + [429]


def test_a_storage_that_is_away_is_said_in_words(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audiospective.clients.storage import StorageError

    export = make(site, ask(browser))
    address = link(browser, export)

    def away(_key: str) -> Any:
        raise StorageError("no answer")

    monkeypatch.setattr(site.services.storage, "open", away)
    assert browser.get(address).status_code == 303
    assert "Our storage does not answer" in browser.get("/exports").text


def test_one_member_does_not_hold_every_thread_with_slow_downloads(
    site: Site, browser: Visitor, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(above=0, at_once=3, of_one=1)
    monkeypatch.setattr(pages, "DOWNLOADS", turns)
    address = link(browser, make(site, ask(browser)))
    for _ in range(3):  # each gives its turn back, whether it is read or only looked at
        assert browser.get(address).data
        with browser.head(address) as seen:
            assert seen.status_code == 200
    turns.take(alice.id)
    assert browser.get(address).status_code == 303
    assert "Try again in a minute" in browser.get("/exports").text


def test_a_download_that_fails_before_it_begins_gives_its_turn_back(
    site: Site, browser: Visitor, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(above=0, at_once=1, of_one=1)
    monkeypatch.setattr(pages, "DOWNLOADS", turns)
    address = link(browser, make(site, ask(browser)))

    def failing(_response: object) -> Any:
        raise LookupError

    monkeypatch.setitem(site.app.config, "PROPAGATE_EXCEPTIONS", False)
    with monkeypatch.context() as patch:
        patch.setitem(site.app.after_request_funcs, None, [failing])
        assert browser.get(address).status_code == 500
    assert turns.take(alice.id)


def test_nothing_of_a_link_is_logged(
    site: Site, browser: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    export = make(site, ask(browser))
    address = link(browser, export)
    browser.get(address)
    (key,) = parse_qs(urlsplit(address).query)["key"]
    assert key not in caplog.text
    assert export.key not in caplog.text


def test_without_a_session_the_page_leads_to_the_sign_in(make_site: MakeSite) -> None:
    visitor = make_site().visitor()
    answer = visitor.get("/exports")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=%2Fexports")


@pytest.mark.parametrize("away", [False, True])
def test_what_waits_for_storage_is_not_said_to_wait_for_its_turn(
    browser: Visitor, bob: User, away: bool
) -> None:
    now = clock.now()
    Export.create(user=bob, form="json", created_at=now, changed_at=now)
    export = ask(browser)
    Export.update(error=export_job.WAITS if away else None).where(Export.id == export.id).execute()
    said = browser.page("/exports").text
    assert (export_job.WAITS in said) is away
    assert ("Waiting for its turn" in said) is not away
    assert ("1 other before it" in said) is not away
