"""Reports: any period, what is new against the one before, and what is not known."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from audiospective import clock, history
from audiospective.history import segment
from audiospective.history.catalog import polled
from audiospective.models import User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy import in_words
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from tests.factories import connected
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import MakeSite, Site

DAY = timedelta(days=1)
PAGES = ["/reports", "/reports/2026", "/reports/2026-03", "/reports/2026-W11", "/reports/all",
         "/reports/2026-01-05..2026-02-10"]  # fmt: skip
HARD = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "سماء بعيدة", "遠い海 🎻",
        "A" * 300, "\u202ereversed", "\ufffe sea \x01\x0b"]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, make_site: MakeSite) -> Site:
    return make_site(database_url=request.getfixturevalue(f"{request.param}_database_url"))


@pytest.fixture
def alice(site: Site, frozen: Frozen) -> User:
    """Checked since 1 January 2026, now 14 March, with a file of the year before."""
    now = clock.now()
    user: User = connected(site.services, last_success_at=now, last_polled_at=now).user
    User.update(timezone="Europe/Berlin").where(User.id == user.id).execute()
    Coverage.begin(user.id, datetime(2026, 1, 1, tzinfo=UTC))
    return user


def heard(user: User, *days: tuple[date, str, int], source: int = 1, **more: Any) -> None:
    """Plays: (day, name of artist and track, how many), from noon UTC on, four minutes apart."""
    facts = {
        name: TrackFacts(
            f"t{name}"[:22].ljust(22, "0"),
            name,
            artists=(ArtistFacts(f"a{name}"[:22].ljust(22, "0"), name),),
            album=AlbumFacts(f"b{name}"[:22].ljust(22, "0"), f"{name} sings"),
            duration_ms=180_000,
        )
        for _, name, _ in days
    }
    ids = polled.remember(facts.values())
    rows = [
        {
            "played_at": clock.to_ms(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
            + (n + 40 * place) * 240_000,
            "track": ids[facts[name].spotify_id],
            "source": source,
            **more,
        }
        for place, (day, name, count) in enumerate(days)
        for n in range(count)
    ]
    history.absorb(user.id, segment.of(rows))


def test_every_kind_of_period_has_a_report(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 15), (date(2026, 2, 3), "Flow", 9))
    member = site.member(alice)
    titles = [member.page(address).one("title").text for address in PAGES]
    assert titles == [
        "Reports · Audiospective", "2026 so far · Audiospective",
        "March 2026 so far · Audiospective",
        "Week 11 of 2026 so far · Audiospective", "All time so far · Audiospective",
        "5 Jan to 10 Feb 2026 · Audiospective",
    ]  # fmt: skip


@pytest.mark.parametrize("address", ["2027", "2026-04", "2026-W12"])
def test_what_has_not_begun_is_not_found_but_leads_on(
    site: Site, alice: User, address: str
) -> None:
    page = site.member(alice).page(f"/reports/{address}", 404)
    assert "This has not begun" in page.text
    assert site.member(alice).get(f"/reports/{address}/picture.png").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["", "0", "20x6", "1", "9999", "2026-13", "2026-W54", "2026-1", "99999", "None", "٢٠٢٦",
     "2026-02-30..2026-03-01", "2026-03-02..2026-03-01", "1971-01-01..2199-01-01"],
)  # fmt: skip
def test_no_other_address_has_one(site: Site, alice: User, address: str) -> None:
    member = site.member(alice)
    for end in ("", "/text", "/picture.svg", "/picture.png"):
        assert member.get(f"/reports/{address}{end}").status_code in (404, 308)


def test_a_range_is_chosen_in_a_form(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 1))
    member = site.member(alice)
    answer = member.get("/reports?from=2026-01-05&to=2026-02-10")
    assert answer.headers["Location"] == "/reports/2026-01-05..2026-02-10"
    for query in ("from=x&to=2026-02-10", "from=2026-02-11&to=2026-02-10", "from=2026-02-11"):
        page = member.page(f"/reports?{query}", 422)
        assert "the earlier one first" in page.text


def test_figures_are_held_next_to_the_period_before(site: Site, alice: User) -> None:
    heard(
        alice,
        (date(2026, 1, 20), "Ebb", 1),
        (date(2026, 2, 3), "Ebb", 12),
        (date(2026, 2, 4), "Flow", 9),
        (date(2026, 3, 2), "Flow", 20),
        (date(2026, 3, 3), "Ebb", 5),
        (date(2026, 3, 4), "Spring", 1),
    )
    page = site.member(alice).page("/reports/2026-03")
    assert page.one("h1").text == "March 2026: 76.9 % of the plays were Flow"
    text = page.text
    assert "26 plays in about 1 h 18 min, 5 more than by then in February 2026" in text
    artists = [row.text for row in page.all("section", class_="ranks")[0].all("li")]
    assert [row.split(" 1 track")[0] for row in artists] == ["1 Flow", "2 Ebb", "3 Spring"]
    assert "up 1 place" in artists[0]
    assert "down 1 place" in artists[1]
    assert "never heard before" in artists[2]


def test_a_time_before_the_archive_began_is_not_compared_with(site: Site, alice: User) -> None:
    alice_began = date(2026, 3, 6)  # a Friday; now is Saturday of the week after
    heard(alice, (alice_began, "Ebb", 30), (date(2026, 3, 9), "Flow", 24))
    member = site.member(alice)
    for address in ("/reports/2026-W11", "/dashboard?period=week"):
        text = member.page(address).text
        assert "than by then" not in text
        assert "before" not in text
    heard(alice, (date(2026, 2, 27), "Ebb", 1))
    assert "6 fewer than by then in week 10" in member.page("/reports/2026-W11").text


def test_what_began_after_the_last_check_is_not_called_known(
    site: Site, alice: User, frozen: Frozen
) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 3))
    frozen.forward(hours=48)  # Monday
    page = site.member(alice).page("/reports/2026-W12")
    assert "These figures know 0 % of the time" in page.text
    assert "16 March 2026, 16 h 9 min: Not checked yet." in page.text
    assert page.all("rect", class_="bar-unknown")
    assert "Missing: 16 March 2026." in site.member(alice).get("/reports/2026-W12/text").text
    week = site.member(alice).page("/dashboard").by_id("week")
    assert week
    assert "This week is not known" in week.text
    assert "Today not known, yesterday not known." in week.text


def test_what_is_missing_is_said_and_hatched(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 24))
    start = datetime(2026, 3, 5, tzinfo=UTC)
    Gap.create(user=alice, started_at=start, probably_from=start, ended_at=start + 2 * DAY,
               cause="outage", certainty="possible", opened_at=start)  # fmt: skip
    page = site.member(alice).page("/reports/2026-03")
    known = page.by_id("known")
    assert known
    assert known.text == "These figures know 85.3 % of the time"
    assert "5 March 2026 to 7 March 2026, 2 days: Spotify did not answer." in page.text
    assert page.all("rect", class_="bar-unknown")
    before = site.member(alice).page("/reports/2025")
    assert "These figures know 0 % of the time" in before.text
    assert "Nothing was heard, as far as is known." in before.text


def test_a_file_makes_earlier_years_known(site: Site, alice: User) -> None:
    days = [(date(2025, 1, 1) + n * DAY, "Ebb", 1) for n in range(0, 364, 7)]
    heard(alice, *days, source=2, ms_played=100_000, skipped=False)
    page = site.member(alice).page("/reports/2025")
    assert "0 % skipped, as far as is known: for every play." in page.text
    known = page.by_id("known")
    assert known
    share = float(known.text.split()[3])
    assert share > 98


def test_few_plays_make_no_more_than_a_list(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 3))
    page = site.member(alice).page("/reports/2026-03")
    assert "Too little was heard to say more" in page.text
    assert page.by_id("clock") is None


def test_a_member_without_plays_is_told_so(site: Site, alice: User) -> None:
    member = site.member(alice)
    assert "No reports yet" in member.page("/reports").text
    for address in PAGES[1:]:
        assert "Nothing was heard" in member.page(address).text


@pytest.mark.parametrize("name", HARD)
def test_names_do_nothing_on_the_page_in_the_text_and_in_the_picture(
    site: Site, alice: User, name: str
) -> None:
    heard(alice, (date(2026, 3, 10), name, 24))
    member = site.member(alice)
    assert len(member.page("/reports/2026-03").all("script")) == 2
    text = member.get("/reports/2026-03/text")
    assert text.content_type == "text/plain; charset=utf-8"
    assert f"1. {in_words.isolated(name)}: 24" in text.text
    drawing = member.get("/reports/2026-03/picture.svg")
    assert drawing.content_type == "image/svg+xml"
    ET.fromstring(drawing.text)
    tree = markup.read(drawing.text)
    assert tree.all("script") == tree.all("img") == []
    picture = member.get("/reports/2026-03/picture.png")
    assert picture.content_type == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("most", "others", "said"),
    [
        (9, 1, "Almost nothing but Flow"),
        (17, 3, "85 % of the plays were Flow"),
        (12, 8, "60 % of the plays were Flow"),
        (10, 10, "Every second play was Flow"),
        (8, 12, "40 % of the plays were Flow"),
        (7, 13, "Every third play was Flow"),
    ],
)
def test_the_headline_does_not_round_a_large_share_to_another_one(
    site: Site, alice: User, most: int, others: int, said: str
) -> None:
    heard(
        alice,
        (date(2026, 3, 1), "Flow", most),
        *((date(2026, 3, 2 + n // 4), f"Ebb {n}", 1) for n in range(others)),
    )
    assert said in site.member(alice).page("/reports/2026-03").one("h1").text


def test_the_text_says_what_the_page_says(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 2, 3), "Ebb", 12), (date(2026, 3, 2), "Flow", 24))
    text = site.member(alice).get("/reports/2026-03/text").text
    assert text.startswith("March 2026 so far: Almost nothing but Flow\n")
    assert "These figures know 100 % of the time.\nCounted: every play.\n" in text


def test_reports_cost_few_queries(site: Site, alice: User, queries: list[str]) -> None:
    days = [(date(2026, 1, 2) + n * DAY, f"Song {n}", 5) for n in range(70)]
    heard(alice, *days)
    member = site.member(alice)
    for address in PAGES:
        member.get(address)
        queries.clear()
        member.get(address)
        assert len(queries) <= 12, address + "\n".join(query[:160] for query in queries)


def test_bob_reads_nothing_of_alice(site: Site, alice: User) -> None:
    heard(alice, (date(2026, 3, 10), "Ebb", 24))
    bob = site.member(connected(site.services, "bob").user)
    for address in (*PAGES, "/reports/2026-03/text", "/reports/2026-03/picture.svg"):
        assert not re.search(r"\bEbb\b", bob.get(address).text)  # as a word: tokens are random
    assert site.visitor().get("/reports/2026").status_code == 302
