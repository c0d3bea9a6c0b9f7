"""The history page: what is asked for, what is shown, and what it costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from audiospective import clock
from audiospective.history import removal, sealing
from audiospective.imports import listens
from audiospective.models import Connection, Import, Play, User
from audiospective.models.gaps import Gap
from tests.factories import make_connection, make_user
from tests.history.making import MINUTE, at, play, track
from tests.imports.importing import done, lastfm_file, without_processes
from tests.support.clocks import Frozen
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag

DAY = 1440


@pytest.fixture
def alice(site: Site) -> User:
    """Three songs: one in March 2026, one in 2025, one in both; times are Berlin's."""
    user = make_user("alice", timezone="Europe/Berlin")
    make_connection(site.services, user)
    slow = track("Slow Harbour", ("Björk", "Nora Feld"), "Tides")
    sea = track("遠い海の記憶", ("青木 鈴",), "海")
    for day in range(3):
        play(user.id, at(day * DAY), slow, source=1, context="spotify:playlist:one")
        play(user.id, at(day * DAY + 5), sea, source=2, ms_played=20_000, flags=0b00100010)
    for day in range(60):
        play(user.id, at(-200 * DAY - day * DAY), slow, source=3, ms_played=200_000)
    return user


@pytest.fixture
def member(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def titles(page: Tag) -> list[str]:
    return [a.text for a in page.all("a", class_="play-row-title")]


def links(page: Tag, text: str) -> list[str]:
    return [a.attributes["href"] for a in page.all("a") if text in a.text]


def words(page: Tag) -> str:
    return " ".join(page.text.split())


def quiet(page: Tag) -> list[str]:
    return [words(one) for one in page.all("p", class_="rows-quiet")]


def total(page: Tag) -> str:
    return page.one("section", id="results").attributes["data-announce"]


def test_everything_newest_first_with_its_days_and_links(member: Visitor, alice: User) -> None:
    page = member.page("/history")
    assert page.one("h1").text == "History"
    assert total(page) == "66 plays"
    assert titles(page)[:3] == ["遠い海の記憶", "Slow Harbour", "遠い海の記憶"]
    days = [h.text for h in page.all("h2", class_="rows-day")]
    assert days[0].split() == ["Tuesday,", "3", "March", "2026", "2", "plays"]
    row = page.all("li", class_="play-row")[0]
    hrefs = [a.attributes["href"] for a in row.all("a")]
    newest = Play.select().where(Play.user == alice).order_by(Play.played_at.desc()).get()
    assert hrefs[:2] == [
        f"/history/plays/{newest.played_at}-{newest.track}", f"/tracks/{newest.track}",
    ]  # fmt: skip
    assert hrefs[2].startswith("/artists/")
    assert hrefs[3].startswith("/albums/")
    assert "Open Spotify" in row.all("a")[-1].text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=bjork", 63),
        ("q=BJÖRK+slow", 63),
        ("q=海", 3),
        ("q=tides&artist=nora", 63),
        ("artist=tides", 0),
        ("album=tides", 63),
        ("from=2026-03-02", 4),
        ("from=2026-03-02&to=2026-03-02", 2),
        ("source=poll", 63),
        ("source=both", 60),
        ("source=file", 63),
        ("context=playlist", 3),
        ("context=unknown", 63),
        ("least=30", 60),
        ("skipped=yes", 3),
        ("skipped=no", 0),
        ("skipped=perhaps&source=me&least=0&context=%3Cscript%3E&artist_id=x", 66),
    ],
)
def test_a_filter_leaves_what_fits_and_nonsense_filters_nothing(
    member: Visitor, query: str, count: int
) -> None:
    assert total(member.page(f"/history?{query}")).split()[0] == str(count)


def test_a_page_leads_to_older_plays_and_back(member: Visitor) -> None:
    first = member.page("/history")
    (older,) = links(first, "Load older plays")
    assert not links(first, "Newer plays")
    second = member.page(older)
    assert titles(second) == ["Slow Harbour"] * 16
    assert not links(second, "Load older plays")
    assert "That is all." in second.text
    (newer,) = links(second, "Newer plays")
    back = member.page(newer)
    assert titles(back) == titles(first)
    assert not links(back, "Newer plays")


def test_filters_stay_while_paging(member: Visitor) -> None:
    page = member.page("/history?q=slow&source=file")
    (older,) = links(page, "Load older plays")
    assert "q=slow" in older
    assert "source=file" in older
    assert len(titles(member.page(older))) == 10


@pytest.mark.parametrize(
    ("period", "heading", "count"),
    [
        ("2026", "2026", 6),
        ("2026-03", "March 2026", 6),
        ("2026-03-02", "Monday, 2 March 2026", 2),
        ("2024-02-29", "Thursday, 29 February 2024", 0),
        ("2025", "2025", 60),
    ],
)
def test_a_period_has_an_address(member: Visitor, period: str, heading: str, count: int) -> None:
    page = member.page(f"/history/{period}")
    assert page.one("h1").text == heading
    assert len(titles(page)) == min(50, count)
    assert total(page).split()[0] == str(count)


@pytest.mark.parametrize("period", ["2026-13", "2026-02-30", "26", "0000", "2026-3", "now", "-1"])
def test_what_is_no_period_is_not_there(member: Visitor, period: str) -> None:
    member.page(f"/history/{period}", 404)


def test_days_are_those_of_the_members_zone(site: Site, alice: User) -> None:
    song = track("Midnight")
    late = clock.to_ms(datetime(2026, 3, 9, 23, 30, tzinfo=UTC))  # half past midnight in Berlin
    play(alice.id, late, song)
    assert titles(site.member(alice).page("/history/2026-03-10")) == ["Midnight"]
    assert titles(site.member(alice).page("/history/2026-03-09")) == []


def test_jumping_leads_to_a_day(member: Visitor) -> None:
    assert member.get("/history/jump?day=2026-03-02").headers["Location"] == "/history/2026-03-02"
    assert member.get("/history/jump?day=soon").headers["Location"] == "/history"
    page = member.page("/history")
    hrefs = {a.attributes["href"] for a in page.all("a")}
    assert {"/history/2026-03", "/history/2025", "/history/2025-08"} <= hrefs


def test_a_bad_date_is_told_and_the_other_filters_stay(member: Visitor) -> None:
    page = member.page("/history?from=yesterday&q=slow", 422)
    assert "Enter a date such as 2026-11-27, not “yesterday”." in page.text
    assert page.one("input", id="from").attributes["value"] == ""
    assert page.one("input", id="q").attributes["value"] == "slow"
    assert total(page).startswith("63")


def test_dates_the_wrong_way_round_are_turned(member: Visitor) -> None:
    page = member.page("/history?from=2026-03-02&to=2026-03-01")
    assert total(page).startswith("4 ")
    assert "stand the other way round" in page.text


def test_empty_fields_of_the_form_leave_the_address(member: Visitor) -> None:
    answer = member.get("/history?q=slow&artist=&from=&source=")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/history?q=slow")
    assert member.get("/history?q=").headers["Location"] == "/history"


@pytest.mark.parametrize("name", ["endpoint", "_method", "_anchor", "_external", "_scheme", "self"])
def test_no_name_in_the_address_leads_elsewhere(member: Visitor, name: str) -> None:
    answer = member.get(f"/history?q=&{name}=POST")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/history?{name}=POST")


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize(
    "key",
    ["-99999999999999-1", "99999999999999-1", "-62135596800000-1", "-62135596800001-1",
     "253402300799999-1", "253402300800000-1"],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_no_instant_is_too_far_away(
    site: Site, member: Visitor, name: str, key: str, zone: str
) -> None:
    without = site.member(make_user("bob", timezone=zone))
    for one in (member, without):
        assert one.get(f"/history?{name}={key}").status_code in (200, 302)


@pytest.mark.parametrize("query", ["from=abc", "to=abc"])
def test_a_bad_date_does_not_widen_a_year(member: Visitor, query: str) -> None:
    assert total(member.page(f"/history/2026?{query}")) == total(member.page("/history/2026"))


def test_each_filter_can_be_lifted_alone(member: Visitor) -> None:
    page = member.page("/history?q=slow&source=file&from=2025-01-01")
    hrefs = [a.attributes["href"] for a in page.one("ul", class_="chips").all("a")]
    assert hrefs == [
        "/history?from=2025-01-01&source=file",
        "/history?q=slow&source=file",
        "/history?q=slow&from=2025-01-01",
    ]


def gap(user: User, start: float, end: float, **values: Any) -> None:
    Gap.create(**{
        "user": user, "started_at": clock.from_ms(at(start)), "ended_at": clock.from_ms(at(end)),
        "probably_from": clock.from_ms(at(start)), "cause": "overflow", "certainty": "possible",
        "opened_at": clock.now(), **values,
    })  # fmt: skip


def test_a_gap_stands_where_it_is(member: Visitor, alice: User) -> None:
    gap(alice, 10, DAY)
    gap(alice, DAY + 10, 2 * DAY, closed_at=clock.now())
    rows = [
        li
        for li in member.page("/history").all("li")
        if li.attributes.get("class") in ("play-row", "play-gap")
    ]
    texts = [" ".join(li.text.split()) for li in rows]
    (place,) = [n for n, text in enumerate(texts) if text.startswith("Not known.")]
    assert "Slow Harbour" in texts[place - 1]
    assert rows[place - 1].all("time")[0].attributes["datetime"] == "2026-03-02T00:00:00Z"
    assert "More than 50 plays between two checks" in texts[place]
    assert "Not known." not in member.page("/history?q=slow").text


def test_a_gap_that_grows_stands_on_top(member: Visitor, alice: User) -> None:
    Connection.update(status="needs_reauth").where(Connection.user == alice).execute()
    rows = member.page("/history").all("li", class_="play-gap")
    assert len(rows) == 1
    assert "Not known. Since" in words(rows[0])
    assert member.page("/history?q=slow").all("li", class_="play-gap") == []


def test_days_without_plays_are_said_unless_they_are_not_known(
    member: Visitor, alice: User
) -> None:
    play(alice.id, at(6 * DAY), track("Later"))
    assert "No plays from 4 March to 6 March 2026" in words(member.page("/history"))
    gap(alice, 3 * DAY, 4 * DAY)
    assert "No plays from 4 March" not in words(member.page("/history"))
    assert "No plays on 6 March 2026" in words(member.page("/history"))


def test_days_of_a_gap_that_grows_are_not_called_days_without_plays(
    frozen: Frozen, site: Site, alice: User
) -> None:
    """Checks ended on 3 March, the day of the last play; a player has told of one since."""
    frozen.to(clock.from_ms(at(190 * DAY)))
    play(alice.id, at(120 * DAY), track("Sent"), source=2)
    stopped = {"status": "needs_reauth", "last_success_at": clock.from_ms(at(2 * DAY + 60))}
    Connection.update(stopped).where(Connection.user == alice).execute()
    member = site.member(alice)
    page = member.page("/history")
    assert "Not known. Since" in words(page)
    assert quiet(page) == ["No plays from 14 August 2025 to 28 February 2026"]
    months = {a.attributes["href"]: words(a) for a in page.one("aside", class_="jump").all("a")}
    assert "May 2026, 0 plays, with a gap" in months["/history/2026-05"]
    assert "September 2026, 0 plays, with a gap" in months["/history/2026-09"]
    assert "with a gap" not in months["/history/2025-08"]
    # The same on a page where the gap itself does not stand.
    for minute in range(60):
        play(alice.id, at(150 * DAY + minute), track("Sent"), source=2)
    (older,) = links(member.page("/history"), "Load older plays")
    page = member.page(older)
    assert "Not known." not in words(page)
    assert quiet(page) == ["No plays from 14 August 2025 to 28 February 2026"]


def test_nothing_found_says_whether_the_time_is_known(member: Visitor, alice: User) -> None:
    page = member.page("/history?q=nothing")
    assert "No plays match" in page.text
    assert "not known" not in page.text
    gap(alice, -100 * DAY, -90 * DAY)
    assert (
        "Some of this time is not known"
        in member.page("/history?from=2025-11-20&to=2025-12-01").text
    )


def test_an_empty_archive_says_how_it_fills(site: Site) -> None:
    page = site.member(make_user("bob")).page("/history")
    assert "No plays yet" in page.text
    assert total(page) == "0 plays"


def test_one_play_has_a_page_and_is_deleted_and_brought_back(member: Visitor, alice: User) -> None:
    page = member.page("/history")
    address = page.all("a", class_="play-row-time")[0].attributes["href"]
    own = member.page(address)
    assert "Told by a file" in own.text
    assert "0:20" in own.text
    key = address.rpartition("/")[2]
    answer = member.submit(own, "/history/removed", play=key)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/history/2026-03-03")
    day = member.page("/history/2026-03-03")
    assert len(titles(day)) == 1
    assert total(day) == "1 play"
    assert "This play is deleted" in member.page(address, 404).text
    answer = member.submit(day, f"/history/removed/{key}/restore")
    assert len(titles(member.page("/history/2026-03-03"))) == 2
    answer = member.submit(member.page(address), "/history/removed", play=key)
    member.submit(member.page("/history/removed"), f"/history/removed/{key}/restore")
    assert Play.select().where(Play.user == alice).count() == 66
    assert "Nothing is deleted" in member.page("/history/removed").text


@pytest.mark.parametrize("teller", ["player", "file"])
def test_deleting_a_play_that_is_listed_twice_for_a_moment_takes_none_along(
    teller: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A player or a file told of it, and a check has brought it since."""
    user, ended = make_user("charlie"), clock.to_ms(clock.now()) // 1000 * 1000 - 600_000
    names, began = {"artist_name": "Artist 1", "track_name": "Song 1"}, ended // 1000 - 200
    if teller == "player":
        listens.take(user.id, [{"listened_at": began, "track_metadata": names}])
    else:
        without_processes(monkeypatch)
        done(site.services, user, lastfm_file((began, 1)))
    ebb = track("Song 1", ("Artist 1",))
    play(user.id, ended, ebb)
    sent = Play.get((Play.user == user) & (Play.played_at != ended))
    visitor, key = site.member(user), f"{sent.played_at}-{sent.track}"
    page = visitor.page(f"/history/plays/{key}")
    answer = visitor.submit(page, "/history/removed", play=key)
    assert "listed twice" in visitor.page(answer.location).text
    assert [one.played_at for one in Play.select().where(Play.user == user)] == [ended]
    key = f"{ended}-{ebb}"
    visitor.submit(visitor.page(f"/history/plays/{key}"), "/history/removed", play=key)
    assert not Play.select().where(Play.user == user).exists()
    assert Import.select().where(Import.user == user, Import.live).count() == (teller == "player")


def test_a_strangers_play_can_neither_be_seen_nor_deleted(site: Site, alice: User) -> None:
    bob = site.member(make_user("bob"))
    own = Play.select().where(Play.user == alice).get()
    key = f"{own.played_at}-{own.track}"
    assert bob.get(f"/history/plays/{key}").status_code == 404
    removal.remove(alice.id, [(own.played_at, own.track)])
    assert bob.get(f"/history/plays/{key}").status_code == 404
    site.app.config["WTF_CSRF_ENABLED"] = False
    bob.post(f"/history/removed/{key}/restore")
    bob.post("/history/removed", data={"play": key})
    assert removal.restore(alice.id, [(own.played_at, own.track)]) == 1


def test_names_of_what_the_member_never_played_do_not_show(site: Site, alice: User) -> None:
    bob = site.member(make_user("bob"))
    for query in ("track_id", "artist_id", "album_id"):
        for number in range(1, 6):
            text = bob.get(f"/history?{query}={number}").text
            # As words: four letters stand in the forms' random tokens now and then.
            assert not re.search(r"\b(?:Slow|Björk|Tides)\b|海", text)


@pytest.mark.parametrize(
    "key", ["1", "x-1", "1-x", "9" * 15 + "-1", "99999999999999-1", "1-9999999999"]
)
def test_addresses_that_are_no_play_are_not_there(member: Visitor, key: str) -> None:
    member.page(f"/history/plays/{key}", 404)


def test_a_page_takes_few_queries_at_any_depth(
    site: Site, alice: User, statements: list[str]
) -> None:
    sealing.seal(alice.id, keep=10, trigger=0)
    member = site.member(alice)
    member.page("/history")
    for address in ("/history", "/history/2025-08", "/history?q=slow&source=file&least=30"):
        member.get(address)
        statements.clear()
        page = member.page(address)
        assert len(statements) <= 12, statements
        for older in links(page, "Load older plays"):
            statements.clear()
            member.get(older)
            assert len(statements) <= 12, statements


def test_a_gap_is_marked_in_the_calendar(member: Visitor, alice: User) -> None:
    gap(alice, -40 * DAY, -20 * DAY)
    names = [a.attributes.get("title", "") for a in member.page("/history").all("a")]
    assert "January 2026: 0 plays, with a gap" in names
    assert "March 2026: 6 plays" in names


def test_times_near_the_end_of_what_a_date_can_say_do_no_harm(member: Visitor) -> None:
    for query in ("from=0001-01-01", "to=9999-12-31", "before=-99999999999999-1", "after=1-1"):
        assert member.get(f"/history?{query}").status_code < 500


def test_the_same_millisecond_is_never_lost_between_pages(site: Site, alice: User) -> None:
    for number in range(60):
        play(alice.id, at(9 * DAY) + MINUTE, track(f"Twin {number}"))
    member, found = site.member(alice), []
    address = "/history/2026-03-10"
    while address:
        page = member.page(address)
        found += titles(page)
        address = next(iter(links(page, "Load older plays")), "")
    assert len(found) == len(set(found)) == 60
