"""The landing page: what is open, how many places are left, and what is promised."""

from __future__ import annotations

import pytest
from peewee import OperationalError

from audiospective import models
from audiospective.accounts import seats
from audiospective.policy.founding import Places
from audiospective.web.landing import founding_counter as counting
from tests.factories import make_user
from tests.web import markup
from tests.web.conftest import MakeSite, Site, Visitor
from tests.web.markup import Tag

OPENINGS = {
    "open": Places(cap=1000, taken=613),
    "held": Places(cap=1000, taken=600, held=13),
    "none yet": Places(cap=1000, taken=0),
    "few": Places(cap=1000, taken=975),
    "last": Places(cap=1000, taken=999),
    "full": Places(cap=1000, taken=1000),
    "no seat": Places(cap=1000, taken=4, seats=5, seats_taken=5),
    "one seat": Places(cap=1000, taken=4, seats=5, seats_taken=4),
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Places | Exception]:
    """What the counter finds; set `shown["now"]`."""
    now: dict[str, Places | Exception] = {"now": OPENINGS["open"]}

    def places(_services: object) -> Places:
        found = now["now"]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(seats, "places", places)
    monkeypatch.setattr(counting, "KEEP_SECONDS", 0.0)
    return now


@pytest.mark.parametrize(
    ("opening", "line", "action", "target"),
    [
        ("open", "613 of 1,000 founding places are taken.", "Connect Spotify", "/connect"),
        ("held", "613 of 1,000 founding places are taken or promised.", "Connect", "/connect"),
        ("none yet", "All 1,000 founding places are open.", "Connect Spotify", "/connect"),
        ("few", "Few places left: 25 of 1,000.", "Connect Spotify", "/connect"),
        ("last", "Few places left: 1 of 1,000.", "Connect Spotify", "/connect"),
        ("full", "All 1,000 founding places are taken.", "Join the waitlist", "/waitlist"),
        ("no seat", "5 seats now, 1,000 founding places.", "Reserve your place", "/waitlist"),
        ("one seat", "5 seats now, 1,000 founding places.", "Connect Spotify", "/connect"),
    ],
)
def test_the_offer_says_what_is_open(
    visitor: Visitor,
    shown: dict[str, Places],
    opening: str,
    line: str,
    action: str,
    target: str,
) -> None:
    shown["now"] = OPENINGS[opening]
    page = visitor.page("/")
    assert line in page.text
    button = _action(page)
    assert button.text.startswith(action)
    assert button.attributes["href"] == target


@pytest.mark.parametrize("opening", ["full", "no seat"])
def test_an_own_spotify_app_is_an_equal_second_way_when_nothing_is_free(
    visitor: Visitor, shown: dict[str, Places], opening: str
) -> None:
    shown["now"] = OPENINGS[opening]
    offer = visitor.page("/").by_id("offer-action")
    assert offer
    first, second = offer.all("a")
    assert first.attributes["class"] == second.attributes["class"]
    assert second.text == "Use your own Spotify app"
    guide = visitor.page(second.attributes["href"])
    assert "http://127.0.0.1:8000/callback" in {
        tag.attributes.get("value") for tag in guide.all("input")
    }


def test_a_link_to_the_site_shows_a_picture(visitor: Visitor) -> None:
    tags = {
        tag.attributes["property"]: tag.attributes["content"]
        for tag in visitor.page("/").all("meta")
        if "property" in tag.attributes
    }
    assert tags["og:url"] == "http://127.0.0.1:8000/"
    address = tags["og:image"].removeprefix("http://127.0.0.1:8000")
    picture = visitor.get(address).data
    assert picture.startswith(b"\x89PNG")
    size = tuple(int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert size == (int(tags["og:image:width"]), int(tags["og:image:height"])) == (1200, 630)


def test_the_meter_says_what_the_words_say(visitor: Visitor, shown: dict[str, Places]) -> None:
    meter = visitor.page("/").one("meter").attributes
    assert (meter["value"], meter["max"]) == ("613", "1000")
    assert "387 left" in visitor.page("/").text


def test_without_a_counter_the_button_stays(
    visitor: Visitor, shown: dict[str, Places | Exception], caplog: pytest.LogCaptureFixture
) -> None:
    shown["now"] = OperationalError("gone")
    page = visitor.page("/")
    assert page.all("meter") == []
    assert "The counter does not answer just now" in page.text
    assert _action(page).attributes["href"] == "/connect"
    assert "founding_places_not_counted" in caplog.text


def test_a_member_is_led_to_the_archive(site: Site) -> None:
    page = site.member(make_user()).page("/")
    assert _action(page).attributes["href"] == "/dashboard"
    assert page.all("meter") == []
    assert page.by_id("places") is None  # nothing polls for somebody who needs no place


def test_the_real_counter_reads_the_database(make_site: MakeSite) -> None:
    page = make_site(spotify_seats=5).visitor().page("/")
    assert "5 seats now, 1,000 founding places." in page.text
    assert "5 free" in page.text
    assert "1,000 left" in page.text


def test_the_numbers_are_read_seldom(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def places(_services: object) -> Places:
        nonlocal asked
        asked += 1
        return OPENINGS["open"]

    monkeypatch.setattr(seats, "places", places)
    for _ in range(5):
        site.visitor().get("/")
        site.visitor().fragment("/ui/places")
    assert asked == 1


def test_the_counter_refreshes_the_numbers_and_leaves_the_button(
    visitor: Visitor, shown: dict[str, Places]
) -> None:
    polling = visitor.page("/").by_id("places")
    assert polling
    assert polling.attributes["hx-trigger"] == "every 60s"
    answer = visitor.fragment(polling.attributes["hx-get"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    assert "HX-Request" in answer.headers["Vary"]
    assert "387 left" in answer.text
    assert "offer-action" not in answer.text


def test_the_counter_changes_the_button_with_the_places_left(
    visitor: Visitor, shown: dict[str, Places]
) -> None:
    polling = visitor.page("/").by_id("places")
    assert polling
    shown["now"] = OPENINGS["no seat"]
    fragment = markup.read(visitor.fragment(polling.attributes["hx-get"]).text)
    swapped = fragment.one("div", hx_swap_oob="innerHTML:#offer-action")
    assert swapped.one("a", href="/waitlist").text == "Reserve your place"


def test_the_counter_stops_when_everything_is_taken(
    visitor: Visitor, shown: dict[str, Places]
) -> None:
    shown["now"] = OPENINGS["full"]
    assert visitor.fragment("/ui/places?opening=open").status_code == 286
    places = visitor.page("/").by_id("places")
    assert places
    assert "hx-get" not in places.attributes


def test_opened_directly_the_counter_leads_to_the_page(visitor: Visitor) -> None:
    answer = visitor.get("/ui/places")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_the_sample_picture_is_invented_and_described(visitor: Visitor) -> None:
    picture = visitor.page("/").one("svg", role="img")
    title = picture.by_id(picture.attributes["aria-labelledby"])
    assert title
    assert "sample of an archive" in title.text
    assert picture.all("image") == []


def test_the_counter_costs_few_queries(site: Site, queries: list[str]) -> None:
    site.visitor().get("/")
    assert len(queries) <= 5
    assert models.database.obj is not None


def _action(page: Tag) -> Tag:
    place = page.by_id("offer-action")
    assert place
    return next(tag for tag in place.all("a") if "button" in tag.attributes.get("class", ""))


def test_strangers_get_the_page_compressed_and_members_do_not(site: Site) -> None:
    import gzip

    accepts = {"Accept-Encoding": "gzip"}
    packed = site.visitor().get("/", headers=accepts)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(packed.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    member = site.member(make_user())
    for address in ("/", "/dashboard"):  # they hold tokens, and lengths must not tell them
        assert "Content-Encoding" not in member.get(address, headers=accepts).headers
