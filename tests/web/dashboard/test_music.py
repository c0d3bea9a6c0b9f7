"""Music on the dashboard: this week, all in all, a period, the year, and what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiospective import clock, history
from audiospective.history import segment
from audiospective.history.catalog import polled
from audiospective.models import User
from audiospective.models.coverage import Coverage
from audiospective.models.exports import Export
from audiospective.models.gaps import Gap
from tests.factories import connected, make_user, track
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import MakeSite, Site

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def alice_on(site: Site) -> User:
    """Checked since forty days; now it is Saturday, 14 March 2026, 15:09 UTC."""
    now = clock.now()
    user: User = connected(site.services, last_success_at=now, last_polled_at=now).user
    Coverage.begin(user.id, now - 40 * DAY)
    return user


@pytest.fixture
def alice(site: Site, frozen: Frozen) -> User:
    return alice_on(site)


def heard(user: User, *plays: tuple[timedelta, str], source: int = 1, **more: Any) -> None:
    """Plays of (how long ago, name of track and artist)."""
    facts = {name: track(name, name) for _, name in plays}
    ids = polled.remember(facts.values())
    rows = [
        {
            "played_at": clock.to_ms(clock.now() - ago),
            "track": ids[facts[name].spotify_id],
            "source": source,
            **more,
        }
        for ago, name in plays
    ]
    history.absorb(user.id, segment.of(rows))


def test_this_week_is_held_next_to_last_week(site: Site, alice: User) -> None:
    heard(
        alice,
        *((HOUR * n, "Ebb") for n in (1, 2, 3)),
        *((8 * DAY + HOUR * n, "Flow") for n in (1, 2)),
    )
    heard(alice, (20 * DAY, "Flow"))
    page = site.member(alice).page("/dashboard")
    week = page.by_id("week")
    assert week
    assert "3 plays this week In 10 min, 1 artist, 1 of them new to you." in week.text.replace(
        "In about", "In"
    )
    assert "1 more than by Saturday last week (2)." in week.text
    assert "Today 3 plays, yesterday nothing." in week.text


def test_a_card_for_each_period(site: Site, alice: User) -> None:
    heard(alice, *((HOUR * n, "Ebb") for n in (1, 2, 3)), (30 * DAY, "Flow"), (300 * DAY, "Old"))
    member = site.member(alice)
    shown = {}
    for period in ("week", "month", "year", "all", "nonsense"):
        card = member.page(f"/dashboard?period={period}").by_id("tops")
        assert card
        (current,) = card.all("a", aria_current="true")
        shown[period] = current.text, card.text
    assert [name for name, _ in shown.values()] == ["Week", "Month", "Year", "All time", "Month"]
    assert "Old" in shown["all"][1]
    assert "Old" not in shown["year"][1]
    assert "Flow" not in shown["month"][1]


def test_what_counts_is_said_and_followed(site: Site, alice: User) -> None:
    heard(alice, (HOUR, "Ebb"), source=2, ms_played=5_000)
    heard(alice, (2 * HOUR, "Flow"), source=2, ms_played=60_000)
    member = site.member(alice)
    assert "Counted: every play." in member.page("/dashboard").text
    User.update(counting_rule="30s", counting_measure="time").execute()
    page = member.page("/dashboard")
    assert "Counted: plays of 30 seconds or more, by time." in page.text
    week, list_ = page.by_id("week"), page.by_id("plays")
    assert week
    assert list_
    assert "1 min this week" in week.text
    assert "Ebb" in list_.text, "the list holds every play"


def test_a_gap_stands_in_the_list_where_it_is(site: Site, alice: User) -> None:
    heard(alice, (HOUR, "After"), (9 * HOUR, "Before"))
    start, end = clock.now() - 8 * HOUR, clock.now() - 2 * HOUR
    Gap.create(user=alice, started_at=start, probably_from=start, ended_at=end, cause="outage",
               certainty="possible", opened_at=end)  # fmt: skip
    list_ = site.member(alice).page("/dashboard").by_id("plays")
    assert list_
    rows = [row.text for row in list_.all("li")]
    assert ["After" in rows[0], "Not known" in rows[1], "Before" in rows[2]] == [True] * 3
    assert "Spotify did not answer" in rows[1]


def test_days_before_the_first_check_are_not_known(site: Site, alice: User) -> None:
    heard(alice, (HOUR, "Ebb"))
    year = site.member(alice).page("/dashboard").by_id("year")
    assert year
    unknown = [rect for rect in year.all("rect", class_="heat-unknown") if rect.all("title")]
    assert len(unknown) > 300
    assert all("not known" in rect.text for rect in unknown)
    assert "Hatched days are not known" in site.member(alice).page("/dashboard").text
    heard(alice, *((n * DAY, "Flow") for n in range(380)))
    assert "Hatched" not in site.member(alice).page("/dashboard").text


def test_on_the_first_day_all_is_known_since_the_archive_began(site: Site, frozen: Frozen) -> None:
    now = clock.now()
    user: User = connected(site.services, last_success_at=now, last_polled_at=now).user
    Coverage.begin(user.id, now - 4 * HOUR)
    heard(user, *((HOUR * n, "Ebb") for n in (1, 2, 4)))
    page = site.member(user).page("/dashboard?period=month")
    strip, numbers, card = (page.by_id(name) for name in ("live", "numbers", "tops"))
    assert strip
    assert numbers
    assert card
    assert "no gaps" in strip.text
    assert "plays since 14 March 2026 3 of that time known 100 % " in numbers.text
    assert "of the time known 1.2 % your archive begins on 14 March 2026" in card.text
    every = site.member(user).page("/dashboard?period=all").by_id("tops")
    assert every
    assert "of the time known 100 %" in every.text


def test_a_week_of_which_nothing_is_known_is_not_called_silent(site: Site, frozen: Frozen) -> None:
    user = make_user(spotify_account_id=None, spotify_id=None)
    heard(user, *((40 * DAY + n * HOUR, "Ebb") for n in range(5)), source=2, ms_played=60_000)
    page = site.member(user).page("/dashboard")
    assert "Nothing heard" not in page.text
    assert "this week" not in page.text


def test_streak_milestone_this_day_and_lost_favourite(site: Site, alice: User) -> None:
    heard(alice, *((n * DAY + HOUR, "Ebb") for n in range(5)))
    heard(alice, (365 * DAY, "Then"), *((400 * DAY + n * HOUR, "Lost") for n in range(25)),
          source=2, ms_played=60_000)  # fmt: skip
    aside = site.member(alice).page("/dashboard").by_id("numbers")
    assert aside
    assert "5 days in a row" in aside.text
    assert "The next milestone is 100 plays" in aside.text
    assert "On this day 2025 Then" in aside.text
    assert "Not heard for long Lost 25 plays, none since Feb 2025" in aside.text


def test_what_is_left_to_do_ends(site: Site, alice: User) -> None:
    heard(alice, (HOUR, "Ebb"))
    member = site.member(alice)
    text = member.page("/dashboard").text
    for words in ("Add an e-mail address", "Import earlier years", "Make a first export"):
        assert words in text
    now = clock.now()
    User.update(email="alice@mail.example", email_verified_at=now).execute()
    Export.create(user=alice, form="csv", created_at=now, changed_at=now)
    text = member.page("/dashboard").text
    assert "Add an e-mail address" not in text
    assert "Make a first export" not in text
    assert "Import earlier years" in text


def test_without_derived_figures_the_archive_is_still_of_use(
    make_site: MakeSite, frozen: Frozen
) -> None:
    site = make_site(derived_stats=False)
    alice = alice_on(site)
    heard(alice, (HOUR, "Polled"))
    member = site.member(alice)
    page = member.page("/dashboard")
    assert page.by_id("tops") is None
    assert "Polled" in page.text
    assert "works out figures from imported plays only" in page.text
    assert "Polled" in member.page("/history").text
    assert "No reports yet" in member.page("/reports").text
    assert member.get("/exports").status_code == 200
    heard(alice, (2 * HOUR, "Filed"), source=2, ms_played=60_000)
    card = member.page("/dashboard").by_id("tops")
    assert card
    assert "Filed" in card.text
    assert "Polled" not in card.text


def test_a_new_play_renews_the_figures_with_the_list(site: Site, alice: User) -> None:
    heard(alice, (2 * HOUR, "Ebb"))
    member = site.member(alice)
    live = member.page("/dashboard").by_id("live")
    assert live
    heard(alice, (HOUR, "Flow"))
    answer = markup.read(member.fragment(live.attributes["hx-get"]).text)
    week = answer.one("div", hx_swap_oob="innerHTML:#week")
    assert "2 plays this week" in week.text
    assert "14 March 2026 2" in answer.one("div", hx_swap_oob="innerHTML:#numbers").text


def test_a_long_archive_costs_no_more_queries(site: Site, alice: User, queries: list[str]) -> None:
    heard(alice, *((n * HOUR * 7, f"Song {n % 40}") for n in range(1, 900)))
    member = site.member(alice)
    member.get("/dashboard")
    queries.clear()
    member.get("/dashboard")
    assert len(queries) <= 12, "\n".join(query[:160] for query in queries)
    live = member.page("/dashboard").by_id("live")
    assert live
    queries.clear()
    member.fragment(live.attributes["hx-get"])
    assert len(queries) <= 8, "an unchanged list works nothing out"


def test_times_and_days_are_those_of_the_member(site: Site, alice: User) -> None:
    User.update(timezone="Pacific/Auckland").execute()  # 15 March there, a Sunday
    heard(alice, (HOUR, "Ebb"))
    page = site.member(alice).page("/dashboard")
    assert "Today 1 play" in page.text
    assert datetime(2026, 3, 15, tzinfo=UTC).strftime("%A") == "Sunday"
    assert "Sunday, 15 March 2026" in page.text
