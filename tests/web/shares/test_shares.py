"""Shared links: what one shows is said before, and nothing more is shown, to nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from audiospective import clock
from audiospective.accounts import hidden_artists, shares
from audiospective.history import append
from audiospective.history.catalog import lookup, polled
from audiospective.models import SharedLink, User
from audiospective.models.gaps import Gap
from tests.factories import connected, make_user, track
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag

DAY = timedelta(days=1)


@pytest.fixture
def alice(site: Site, frozen: Frozen) -> User:
    now = clock.now()
    user: User = connected(site.services, last_success_at=now, last_polled_at=now).user
    User.update(timezone="Europe/Berlin", email="alice@mail.example").execute()
    for name, artist, days in (("Slack Water", "Harbour", 30), ("Ebb", "Moon", 20)):
        facts = track(name, artist)
        number = polled.remember([facts])[facts.spotify_id]
        append.polled(
            [
                append.NewPlay(user.id, clock.to_ms(now - n * DAY / 3), number, None)
                for n in range(1, days)
            ]
        )
    return User.get()


def link(site: Site, user: User, subject: str = "2026-03", days: int = 30) -> str:
    """Make a link as the page does; its path."""
    member = site.member(user)
    page = member.page(f"/settings/shares/new?report={subject}")
    answer = member.submit(page, "/settings/shares", days=str(days))
    assert answer.status_code == 200, answer.text[:500]
    found = re.search(r'value="http://[^/"]+(/shared/[^"]+)"', answer.text)
    assert found
    return found[1]


def opened(site: Site, path: str) -> Tag:
    return site.visitor().page(path)


def test_what_a_link_shows_is_said_before_it_is_made(site: Site, alice: User) -> None:
    member = site.member(alice)
    said = member.page("/settings/shares/new?report=2026-03").text
    assert "Share the report: March 2026" in said
    assert "your name here: Alice" in said
    assert "single plays and their times" in said
    assert SharedLink.select().count() == 0
    assert "of each year" in member.page("/settings/shares/new").text


def test_a_link_opens_one_report_without_a_session(site: Site, alice: User) -> None:
    path = link(site, alice)
    page = opened(site, path)
    assert page.one("h1").text.startswith("March 2026: ")
    assert "Harbour" in page.text
    assert "Shared by Alice" in page.text
    assert page.all("script") == page.all("form") == page.all("time") == []
    inside = {a.attributes["href"] for a in page.all("a") if a.attributes["href"][0] == "/"}
    assert inside == {"/"}
    for secret in ("alice@mail.example", "account-alice"):
        assert secret not in site.visitor().get(path).text


def test_its_answer_is_for_nobody_else(site: Site, alice: User) -> None:
    answer = site.visitor().get(link(site, alice))
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert 'content="noindex' in answer.text


def test_no_time_of_a_play_and_no_pause_is_told(site: Site, alice: User) -> None:
    member = site.member(alice)
    start = clock.now() - 9 * DAY
    for n, cause in enumerate(("paused", "authorization")):
        at = start + n * DAY
        Gap.create(user=alice, started_at=at, probably_from=at, ended_at=at + DAY / 4,
                   cause=cause, certainty="possible", opened_at=at)  # fmt: skip
    assert " at " in sitting(own := member.page("/reports/2026-03"))
    assert "Paused or disconnected by you" in own.text
    shown = opened(site, link(site, alice))
    assert sitting(shown) == sitting(own).split(" at ")[0] + "."
    known = shown.one("ul", class_="known").text
    assert "Not checked" in known
    assert "could not be read" in known
    for word in ("you", "Paused", "isconnect"):
        assert word not in known


def sitting(page: Tag) -> str:
    return next(p.text for p in page.all("p") if p.text.startswith("A sitting ends"))


def test_a_session_changes_nothing(site: Site, alice: User) -> None:
    path = link(site, alice)
    for visitor in (site.member(alice), site.member(make_user("bob"))):
        answer = visitor.get(path)
        assert answer.text == site.visitor().get(path).text
        assert "Set-Cookie" not in answer.headers


def test_a_report_opens_no_other_and_a_profile_its_years(site: Site, alice: User) -> None:
    report, profile = link(site, alice), link(site, alice, "profile")
    assert site.visitor().get(f"{report}/2026").status_code == 404
    page = opened(site, profile)
    assert page.one("h1").text.startswith("All time: ")
    assert f"{profile}/2026" in {a.attributes["href"] for a in page.all("a")}
    assert opened(site, f"{profile}/2026").one("h1").text.startswith("2026: ")
    for year in ("2027", "20260", "0"):
        assert site.visitor().get(f"{profile}/{year}").status_code == 404


def test_a_link_ends_when_it_is_ended_and_by_itself(
    site: Site, alice: User, frozen: Frozen
) -> None:
    first, second = link(site, alice), link(site, alice, days=7)
    number = SharedLink.select(SharedLink.id).order_by(SharedLink.id).scalar()
    member = site.member(alice)
    page = member.page("/settings/shares")
    member.submit(page, f"/settings/shares/{number}/end")
    assert site.visitor().get(first).status_code == 404
    assert site.visitor().get(second).status_code == 200
    frozen.forward(days=7)
    assert site.visitor().get(second).status_code == 404
    assert "No link opens anything" in site.member(alice).page("/settings/shares").text
    assert shares.forget(clock.now()) == 1


def test_links_end_with_a_sign_out_everywhere(site: Site, alice: User) -> None:
    path = link(site, alice)
    browser = site.member(alice)
    browser.submit(browser.page("/settings/sessions"), "/sign-out/everywhere")
    site.visitor().page(path, 404)


def test_an_old_cookie_makes_no_link_that_outlasts_it(
    site: Site, alice: User, frozen: Frozen
) -> None:
    browser = site.member(alice)
    page = browser.page("/settings/shares/new")
    frozen.forward(minutes=16)
    answer = browser.submit(page, "/settings/shares", report="profile", days="365")
    assert answer.headers["Location"].startswith("/sign-in?")
    assert SharedLink.select().count() == 0


def test_bob_ends_no_link_of_alice(site: Site, alice: User) -> None:
    path = link(site, alice)
    bob: Visitor = site.member(make_user("bob"))
    page = bob.page("/settings/shares")
    token = page.all("input", name="csrf_token")[0].attributes["value"]
    bob.post(f"/settings/shares/{SharedLink.get().id}/end", data={"csrf_token": token})
    assert site.visitor().get(path).status_code == 200


def test_what_is_hidden_is_hidden_in_links_too(site: Site, alice: User) -> None:
    path = link(site, alice)
    facts = track("Ebb", "Moon")
    number = polled.remember([facts])[facts.spotify_id]
    assert "Moon" in opened(site, path).text
    hidden_artists.hide(alice.id, lookup.tracks([number])[number].artists[0][0])
    assert "Moon" not in opened(site, path).text


@pytest.mark.parametrize("subject", ["2027", "2026-13", "x", "", "profile/2026"])
def test_only_what_exists_can_be_shared(site: Site, alice: User, subject: str) -> None:
    member = site.member(alice)
    assert member.get("/settings/shares/new", query_string={"report": subject}).status_code == 404


@pytest.mark.parametrize("days", ["", "2", "36500", "x", "-1"])
def test_a_link_lasts_no_longer_than_offered(site: Site, alice: User, days: str) -> None:
    member = site.member(alice)
    page = member.page("/settings/shares/new?report=2026-03")
    answer = member.submit(page, "/settings/shares", days=days)
    assert answer.status_code == 422
    assert markup.faults(markup.read(answer.text)) == []
    assert SharedLink.select().count() == 0


def test_there_is_an_end_to_links(site: Site, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "AT_MOST", 1)
    link(site, alice)
    member = site.member(alice)
    page = member.page("/settings/shares/new?report=2026-03")
    assert "You have 1 links" in member.submit(page, "/settings/shares", days="7").text


def test_only_the_hash_of_a_token_is_kept(site: Site, alice: User) -> None:
    path = link(site, alice)
    assert path.removeprefix("/shared/") not in str(SharedLink.get().__data__)
    assert site.visitor().get("/shared/" + "x" * 32).status_code == 404


def test_the_zone_is_the_members(site: Site, alice: User) -> None:
    facts = track("Late", "Night")
    number = polled.remember([facts])[facts.spotify_id]
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # February in Berlin
    append.polled([append.NewPlay(alice.id, clock.to_ms(late), number, None)])
    visitor = site.visitor()
    visitor.set_cookie("zone", "America/Los_Angeles")
    assert "Night" in visitor.get(link(site, alice, "2026-02")).text


@pytest.mark.parametrize("subject", ["2026-03", shares.PROFILE])
def test_a_zone_that_this_machine_does_not_know_any_more_breaks_no_link(
    site: Site, alice: User, subject: str
) -> None:
    path = link(site, alice, subject)
    SharedLink.update(zone="Mars/Olympus").execute()
    assert opened(site, path).all("h1")
