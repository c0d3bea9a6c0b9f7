"""The dashboard: the state of the archive in one sentence, and plays that arrive by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from tests.factories import connected, make_user, track
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import MakeSite, Site, Visitor
from tests.web.markup import Tag

HOUR = timedelta(hours=1)
FRAGMENTS = ["/ui/dashboard", "/ui/check"]


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, make_site: MakeSite) -> Site:
    """A site on each kind of database: the dashboard is the most read page."""
    return make_site(database_url=request.getfixturevalue(f"{request.param}_database_url"))


def listener(site: Site, *, ago: timedelta = 8 * timedelta(minutes=1), **values: Any) -> User:
    """Alice with a connection whose last check was `ago` before now and went well."""
    now = clock.now()
    connection = connected(
        site.services,
        **{
            "last_polled_at": now - ago,
            "last_success_at": now - ago,
            "next_poll_at": now - ago + HOUR,
            **values,
        },
    )
    user: User = connection.user
    return user


def save(user: User, *names: str, artist: str = "Harbour Lights") -> None:
    """Plays of these titles, the first one newest, three minutes apart."""
    facts = {name: track(name, artist) for name in names}
    ids = polled.remember(facts.values())
    append.polled(
        [
            append.NewPlay(
                user.id,
                clock.to_ms(clock.now() - timedelta(minutes=10 + 3 * back)),
                ids[facts[name].spotify_id],
                None,
            )
            for back, name in enumerate(names)
        ]
    )


def facts(page: Tag) -> dict[str, str]:
    terms = page.one("dl", class_="facts").all("dt")
    values = page.one("dl", class_="facts").all("dd")
    return {dt.text: dd.text for dt, dd in zip(terms, values, strict=True)}


def test_the_sentence_comes_first(site: Site, frozen: Frozen) -> None:
    user = listener(site)
    save(user, "Slack Water", "Ebb")
    page = site.member(user).page("/dashboard")
    assert page.one("h1").text == "Your archive is up to date"
    assert facts(page) == {
        "Last successful check": "14 Mar 2026, 15:01 UTC (8 minutes ago)",
        "Next check": "14 Mar 2026, 16:01 UTC (in 52 minutes)",
        "Plays saved": "2",
        "Possible gaps": "none known",
        "Access expires": "10 Sep 2026",
    }
    assert page.all("title")[0].text == "Your archive is up to date · Audiospective"


@pytest.mark.parametrize(
    ("values", "sentence", "actions"),
    [
        ({}, "Your archive is up to date", {"check"}),
        (
            {"last_success_at": None, "last_polled_at": None},
            "Your first plays are on their way",
            {"check"},
        ),
        ({"ago": timedelta(hours=6)}, "Catching up", {"check"}),
        ({"status": "needs_reauth"}, "Reconnect needed", set()),
        ({"status": "paused"}, "Paused by you", {"resume"}),
        ({"status": "disconnected"}, "Disconnected", set()),
        (
            {"status": "not_allowed"},
            "Spotify does not let us read your plays",
            {"check"},
        ),
        (
            {"ago": 6 * HOUR, "consecutive_failures": 3, "last_failure_type": "network"},
            "Spotify isn’t answering us",
            {"check"},
        ),
    ],
)
def test_each_state_has_its_sentence_and_its_buttons(
    site: Site, frozen: Frozen, values: dict[str, Any], sentence: str, actions: set[str]
) -> None:
    page = site.member(listener(site, **values)).page("/dashboard")
    assert page.one("h1").text == sentence
    offered = {form.attributes["action"] for form in page.all("form")} - {"/theme", "/sign-out"}
    assert offered == {f"/connection/{action}" for action in actions}


def test_the_wait_that_spotify_asks_for_is_told(site: Site, frozen: Frozen) -> None:
    user = listener(site, ago=6 * HOUR)
    SpotifyApp.update(blocked_until=frozen.now + HOUR, block_reason="rate_limit").execute()
    page = site.member(user).page("/dashboard")
    assert page.one("h1").text == "Waiting for Spotify’s limit"
    assert facts(page)["Next check"] == "14 Mar 2026, 16:09 UTC (in 1 hour)"


@pytest.mark.parametrize("status", ["needs_reauth", "disconnected"])
def test_what_only_a_new_consent_helps_leads_to_one(site: Site, status: str) -> None:
    page = site.member(listener(site, status=status)).page("/dashboard")
    link = page.one("a", class_="button button-primary")
    assert link.text == "Reconnect Spotify"
    assert link.attributes["href"].startswith("/connect?")


def test_a_member_without_spotify_is_invited_to_connect(site: Site) -> None:
    page = site.member(make_user(spotify_account_id=None, spotify_id=None)).page("/dashboard")
    assert page.one("h1").text == "Your archive is empty so far"
    assert page.one("a", class_="button button-primary").attributes["href"] == "/connect"


def test_open_gaps_are_counted_and_closed_ones_are_not(site: Site) -> None:
    user = listener(site)
    for hours, closed in ((9, None), (5, None), (3, clock.now())):
        start = clock.now() - hours * HOUR
        Gap.create(
            user=user,
            started_at=start,
            probably_from=start,
            ended_at=start + HOUR,
            cause="overflow",
            certainty="possible",
            opened_at=start,
            closed_at=closed,
        )
    assert facts(site.member(user).page("/dashboard"))["Possible gaps"] == "2"


def test_the_founding_number_is_shown(site: Site) -> None:
    user = listener(site)
    assert "Founding member" not in site.member(user).page("/dashboard").text
    User.update(founding_number=614).execute()
    assert "Founding member No. 614" in site.member(user).page("/dashboard").text


def test_plays_stand_under_their_day_in_the_readers_zone(site: Site, frozen: Frozen) -> None:
    user = listener(site)
    User.update(timezone="Pacific/Auckland").execute()  # 04:09 on the 15th
    save(user, *(f"Song {number}" for number in range(25)))
    list_ = plays(site.member(user).page("/dashboard"))
    assert [day.text for day in list_.all("h3")] == ["Sunday, 15 March 2026"]
    assert len(list_.all("li")) == 12
    first = list_.all("li")[0]
    assert first.one("time").attributes["datetime"] == "2026-03-14T14:59:26Z"
    assert first.one("time").text == "03:59"
    assert "Song 0" in first.text


def test_every_play_leads_back_to_spotify_and_the_list_names_it(site: Site) -> None:
    user = listener(site)
    save(user, "Slack Water")
    list_ = plays(site.member(user).page("/dashboard"))
    link = list_.all("li")[0].one("a", class_="play-row-open")
    assert (
        link.attributes["href"]
        == f"https://open.spotify.com/track/{track('Slack Water').spotify_id}"
    )
    assert link.text == "Open Spotify: Slack Water"
    assert "come from Spotify" in list_.text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "سماء بعيدة",
    "遠い海の記憶 🎻",
    "A" * 3000,
    "\u202ereversed",
    "&amp; &lt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_delivered_and_do_nothing(site: Site, name: str) -> None:
    user = listener(site)
    User.update(display_name=name).execute()
    save(user, name, artist=name)
    page = site.member(user).page("/dashboard")
    item = plays(page).all("li")[0]
    title, by = item.all("bdi", dir="auto")[:2]
    assert (title.text, by.text) == (" ".join(name.split()), " ".join(name.split()))
    assert page.all("img") == []
    assert len(page.all("script")) == 2  # htmx and our own


def test_a_picture_from_another_host_is_not_shown(site: Site) -> None:
    user = listener(site)
    save(user, "Slack Water")
    told = track("Slack Water", "Harbour Lights")
    for url, shown in (("https://evil.example/x.png", False), ("https://i.scdn.co/image/ab", True)):
        polled.remember([replace(told, album=replace(told.album, image_url=url))])
        assert bool(site.member(user).page("/dashboard").all("img")) == shown


def test_an_unchanged_list_is_not_sent_again(site: Site) -> None:
    user = listener(site)
    save(user, "Slack Water")
    member = site.member(user)
    address = live(member.page("/dashboard"))
    assert "#plays" not in member.fragment(address).text
    save(user, "Ebb")
    fragment = markup.read(member.fragment(address).text)
    assert markup.faults(fragment) == []
    assert "Ebb" in fragment.one("div", hx_swap_oob="innerHTML:#plays").text
    assert "#plays" not in member.fragment(live(fragment)).text


def test_a_gap_that_ends_or_has_another_cause_is_told_to_an_open_page(
    site: Site, frozen: Frozen
) -> None:
    user = listener(site, status="needs_reauth")
    save(user, "Slack Water")
    member = site.member(user)
    page = member.page("/dashboard")
    (gap,) = page.one("div", id="plays").all("li", class_="play-gap")
    assert "We had no access to your plays" in gap.text
    frozen.forward(minutes=5)
    assert "#plays" not in member.fragment(live(page)).text

    Connection.update(status="disconnected").execute()  # in another tab
    fragment = markup.read(member.fragment(live(page)).text)
    (gap,) = fragment.one("div", hx_swap_oob="innerHTML:#plays").all("li", class_="play-gap")
    assert "Paused or disconnected by you" in gap.text
    since = Connection.get().last_success_at

    Connection.update(status="active", last_success_at=frozen.now).execute()
    Gap.create(user=user, started_at=since, probably_from=since, ended_at=frozen.now,
               cause="paused", certainty="possible", opened_at=frozen.now)  # fmt: skip
    fragment = markup.read(member.fragment(live(fragment)).text)
    (gap,) = fragment.one("div", hx_swap_oob="innerHTML:#plays").all("li", class_="play-gap")
    assert "Since" not in gap.text


def test_a_gap_that_grows_stands_in_the_list_once_it_is_worth_a_row(
    site: Site, frozen: Frozen
) -> None:
    user = listener(site, ago=timedelta(seconds=20), status="paused")
    save(user, "Slack Water")
    member = site.member(user)
    page = member.page("/dashboard")
    assert page.one("div", id="plays").all("li", class_="play-gap") == []
    frozen.forward(minutes=2)
    fragment = markup.read(member.fragment(live(page)).text)
    assert fragment.one("div", hx_swap_oob="innerHTML:#plays").all("li", class_="play-gap")


def test_only_a_change_of_state_is_announced(site: Site) -> None:
    user = listener(site)
    member = site.member(user)
    address = live(member.page("/dashboard"))
    assert "#status" not in member.fragment(address).text
    Connection.update(status="paused").execute()
    fragment = markup.read(member.fragment(address).text)
    assert fragment.one("div", hx_swap_oob="innerHTML:#status").text == "Paused by you"
    assert "#status" not in member.fragment(live(fragment)).text
    assert "#status" in member.fragment("/ui/dashboard?status=nonsense").text


def test_buttons_follow_the_state_and_are_left_alone_while_it_stays(site: Site) -> None:
    member = site.member(listener(site))
    address = live(member.page("/dashboard"))
    assert "#offers" not in member.fragment(address).text
    Connection.update(status="needs_reauth").execute()
    fragment = markup.read(member.fragment(address).text)
    offers = fragment.one("div", hx_swap_oob="innerHTML:#offers")
    assert [link.text for link in offers.all("a")] == ["Reconnect Spotify"]
    assert offers.all("form") == []


def test_buttons_follow_the_end_of_the_access_on_a_page_that_stays_open(
    site: Site, frozen: Frozen
) -> None:
    member = site.member(listener(site, reauth_due_at=clock.now() + 31 * 24 * HOUR))
    address = live(member.page("/dashboard"))
    assert "#offers" not in member.fragment(address).text
    for left, label in ((29 * 24, "Renew"), (0, "Reconnect")):  # hours of the access
        Connection.update(reauth_due_at=clock.now() + left * HOUR).execute()
        fragment = markup.read(member.fragment(address).text)
        offers = fragment.one("div", hx_swap_oob="innerHTML:#offers")
        assert [link.text for link in offers.all("a")] == [label]
        address = live(fragment)
        assert "#offers" not in member.fragment(address).text


def test_a_pause_that_outlives_the_access_is_ended_by_reconnecting_on_an_open_page(
    site: Site, frozen: Frozen
) -> None:
    user = listener(site, status="paused", reauth_due_at=clock.now() + HOUR)
    member = site.member(user)
    address = live(member.page("/dashboard"))
    frozen.forward(hours=2)
    fragment = markup.read(member.fragment(address).text)
    offers = fragment.one("div", hx_swap_oob="innerHTML:#offers")
    assert [link.text for link in offers.all("a")] == ["Reconnect and resume"]


def test_colour_and_title_follow_the_state(site: Site) -> None:
    member = site.member(listener(site))
    page = member.page("/dashboard")
    assert "badge-good" in page.one("div", id="live").attributes["class"]
    assert page.one("div", id="back").text == ""
    Connection.update(status="needs_reauth").execute()
    fragment = markup.read(member.fragment(live(page)).text)
    assert "badge-bad" in fragment.one("div", id="live").attributes["class"]
    assert fragment.one("title").text == "Reconnect needed · Audiospective"
    assert fragment.all("section", class_="strip badge-good") == []


def test_the_first_check_after_a_return_tells_an_open_page_what_it_brought(site: Site) -> None:
    """The status says that all is well from the consent on: it does not change with that check."""
    now = clock.now()
    user = listener(site, ago=timedelta(days=3), authorized_at=now, next_poll_at=now)
    User.update(created_at=now - timedelta(days=9)).execute()
    Coverage.create(user=user, started_at=now - timedelta(days=8))
    member = site.member(user)
    page = member.page("/dashboard")
    assert page.one("h1").text == "Your archive is up to date"
    assert page.one("div", id="back").text == ""
    PollLog.create(user=user, at=now, outcome="ok", added=7)
    fragment = markup.read(member.fragment(live(page)).text)
    back = fragment.one("div", hx_swap_oob="innerHTML:#back")
    assert "Back on. We saved 7 plays." in back.text
    again = markup.read(member.fragment(live(fragment)).text)
    assert again.all("div", hx_swap_oob="innerHTML:#back") == []
    Connection.update(status="paused").execute()
    off = markup.read(member.fragment(live(again)).text)
    assert off.one("div", hx_swap_oob="innerHTML:#back").text == ""


@pytest.mark.parametrize("address", FRAGMENTS)
def test_a_fragment_opened_directly_leads_to_its_page(site: Site, address: str) -> None:
    answer = site.member(listener(site)).get(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("address", FRAGMENTS)
def test_a_fragment_without_a_session_moves_the_whole_page(site: Site, address: str) -> None:
    answer = site.visitor().fragment(address)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/")


def test_bob_sees_nothing_of_alice(site: Site) -> None:
    alice = listener(site)
    save(alice, "Slack Water")
    bob: Visitor = site.member(connected(site.services, "bob").user)
    page = bob.page("/dashboard")
    assert "Slack Water" not in page.text
    assert "Alice" not in page.text
    assert "No plays yet" in page.text


def test_the_dashboard_costs_few_queries_however_many_plays(site: Site, queries: list[str]) -> None:
    user = listener(site)
    save(user, *(f"Song {number}" for number in range(150)))
    member = site.member(user)
    member.get("/dashboard")
    queries.clear()
    member.get("/dashboard")
    assert len(queries) <= 12, "\n".join(query[:160] for query in queries)
    queries.clear()
    member.fragment("/ui/dashboard")
    assert len(queries) <= 12, "\n".join(query[:160] for query in queries)


def live(page: Tag) -> str:
    """Where the part of the page that time changes asks for itself."""
    found = page.by_id("live")
    assert found
    return found.attributes["hx-get"]


def plays(page: Tag) -> Tag:
    found = page.by_id("plays")
    assert found
    return found
