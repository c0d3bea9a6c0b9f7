"""The pages of tracks, artists and albums, and the recordings behind them."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.accounts import hidden_artists
from audiospective.history import recordings, sealing
from audiospective.history.catalog import lookup, polled
from audiospective.models import User
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from tests.factories import make_user
from tests.history.making import at, play
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag

DAY = 1440


def told(name: str, artist: str = "Nora Feld", album: str = "Tides", **more: Any) -> int:
    facts = TrackFacts(
        f"id{name}", name, artists=(ArtistFacts(f"id{artist}", artist),), duration_ms=200_000,
        album=AlbumFacts(f"id{album}", album, "album", "1975-11-21", "day", 9), **more,
    )  # fmt: skip
    return polled.remember([facts])[facts.spotify_id]


@pytest.fixture
def songs() -> dict[str, int]:
    return {
        "slow": told("Slow Harbour", isrc="GBAYE6900001"),
        "again": told("Slow Harbour - Remastered", album="Tides (Deluxe)", isrc="GBAYE6900001"),
        "large": told("Large Rooms"),
        "other": told("سماء بعيدة", "ليلى ناصر", "Elsewhere"),
    }


@pytest.fixture
def alice(site: Site, songs: dict[str, int]) -> User:
    user = make_user("alice", timezone="Europe/Berlin")
    for day in range(12):
        play(user.id, at(-400 * DAY + day * DAY), songs["slow"], ms_played=200_000, source=2,
             reason_end="trackdone", flags=0b00100000)  # fmt: skip
        play(user.id, at(day * DAY), songs["again"], ms_played=50_000, source=2,
             reason_end="fwdbtn", flags=0b00100010)  # fmt: skip
    play(user.id, at(3), songs["large"])
    play(user.id, at(4), songs["other"])
    return user


@pytest.fixture
def member(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def words(page: Tag) -> str:
    return " ".join(page.text.split())


def figures(page: Tag) -> dict[str, str]:
    names, values = page.all("dt"), page.all("dd", class_="music-value")
    return {dt.text: dd.text for dt, dd in zip(names, values, strict=True)}


def of(kind: str, track: int) -> str:
    named = lookup.tracks([track])[track]
    number = named.artists[0][0] if kind == "artists" else named.album_id
    return f"/{kind}/{number}"


def test_a_track_shows_all_ids_of_its_recording(member: Visitor, songs: dict[str, int]) -> None:
    assert member.get(f"/tracks/{songs['again']}").headers["Location"] == f"/tracks/{songs['slow']}"
    page = member.page(f"/tracks/{songs['slow']}")
    assert page.one("h1").text == "Slow Harbour"
    assert figures(page)["plays"] == "24"
    assert figures(page)["listened"] == "50 min"
    assert figures(page)["of all your tracks"] == "1st"
    text = words(page)
    assert "2 ids of this recording" in text
    assert "Slow Harbour - Remastered on Tides (Deluxe)" in text
    assert text.count("ISRC GBAYE6900001") == 2
    assert "released 21 November 1975, the 1970s" in text
    assert "50 % skipped, of 24 plays" in text
    assert "50 % heard to the end" in text
    assert "back after 13 months" in text
    links = {a.attributes["href"] for a in page.all("a")}
    assert {
        of("artists", songs["slow"]), of("albums", songs["slow"]),
        f"/history?track_id={songs['slow']}", "https://open.spotify.com/track/idSlow Harbour",
    } <= links  # fmt: skip


def test_history_shows_the_plays_that_a_page_counts(member: Visitor, songs: dict[str, int]) -> None:
    for address, count in (
        (f"/history?track_id={songs['slow']}", "24"),
        (f"/history?artist_id={of('artists', songs['slow']).rpartition('/')[2]}", "25"),
        (f"/history?album_id={of('albums', songs['slow']).rpartition('/')[2]}", "25"),
    ):
        found = member.page(address).one("section", id="results").attributes["data-announce"]
        assert found.split()[0] == count


def test_an_artist_has_tops_inside(member: Visitor, songs: dict[str, int]) -> None:
    page = member.page(of("artists", songs["slow"]))
    assert page.one("h1").text == "Nora Feld"
    assert figures(page) | {"listened, about": ""} == {
        "plays": "25", "listened, about": "", "tracks": "2", "days with a play": "24",
        "of all your artists": "1st",
    }  # fmt: skip
    titles = [a.text for a in page.all("a", class_="play-row-title")]
    assert titles == ["Slow Harbour", "Large Rooms", "Tides"]
    text = words(page)
    assert "2 of 9 tracks heard" in text
    assert "Most often between" in text
    assert "Most on" in text


def test_an_album_follows_its_recordings(member: Visitor, songs: dict[str, int]) -> None:
    page = member.page(of("albums", songs["slow"]))
    assert page.one("h1").text == "Tides"
    assert figures(page)["plays"] == "25"
    (head,) = page.all("div", class_="music-head")
    assert [
        one.attributes["data-letter"] for one in head.all("span", class_="cover cover-none")
    ] == ["T"]
    deluxe = member.get(of("albums", songs["again"]))
    assert deluxe.headers["Location"] == of("albums", songs["slow"])


def test_what_was_never_played_is_not_there_whoever_else_played_it(
    site: Site, alice: User, songs: dict[str, int]
) -> None:
    bob = site.member(make_user("bob"))
    for kind in ("artists", "albums"):
        for song in songs.values():
            page = bob.page(of(kind, song), 404)
            assert "not in your archive" in page.text
    for number in (*songs.values(), 0, 2**31, 10**30):
        text = bob.page(f"/tracks/{number}", 404).text
        assert not any(name in text for name in ("Slow", "Nora", "Tides"))
        assert bob.get(f"/settings/recordings/tracks/{number}").status_code == 404


def test_a_page_takes_few_queries(
    site: Site, alice: User, songs: dict[str, int], statements: list[str]
) -> None:
    sealing.seal(alice.id, keep=3, trigger=0)
    member = site.member(alice)
    for address in (
        f"/tracks/{songs['slow']}", of("artists", songs["slow"]), of("albums", songs["slow"]),
    ):  # fmt: skip
        member.get(address)
        statements.clear()
        assert member.get(address).status_code == 200
        assert len(statements) <= 12, "\n".join(statements)


def test_what_does_not_count_is_said(member: Visitor, alice: User, songs: dict[str, int]) -> None:
    User.update(counting_rule="completed").where(User.id == alice.id).execute()
    page = member.page(f"/tracks/{songs['slow']}")
    assert figures(page)["plays"] == "12"
    assert "Figures count plays heard to the end" in words(page)
    User.update(counting_measure="time").where(User.id == alice.id).execute()
    assert "by time" in words(member.page(of("artists", songs["slow"])))


def test_a_hidden_artist_keeps_a_page_without_figures(
    member: Visitor, alice: User, songs: dict[str, int]
) -> None:
    address = of("artists", songs["other"])
    hidden_artists.hide(alice.id, int(address.rpartition("/")[2]))
    text = words(member.page(address))
    assert "Nothing of it counts in your figures" in text
    assert "hidden artists" in text


def test_where_no_recording_has_several_ids_it_is_said_when_one_would(site: Site) -> None:
    text = words(site.member(make_user("bob")).page("/settings/recordings"))
    assert "No recording has several ids yet Ids become one by themselves where" in text


def test_twins_are_merged_and_the_merge_undone(member: Visitor, songs: dict[str, int]) -> None:
    page = member.page("/settings/recordings")
    assert "1 recording with several ids" in words(page)
    assert "Nothing is merged by you" in page.text
    here = f"/settings/recordings/tracks/{songs['large']}"
    answer = member.submit(
        member.page(here), "/settings/recordings/merges", other=str(songs["slow"])
    )
    assert answer.headers["Location"] == here
    target = member.get(f"/tracks/{songs['large']}").headers["Location"]
    assert figures(member.page(target))["plays"] == "25"
    page = member.page("/settings/recordings")
    assert "1 recording merged by you" in page.text
    member.submit(page, "/settings/recordings/undone",
                  track=str(songs["large"]), other=str(songs["slow"]))  # fmt: skip
    assert member.get(f"/tracks/{songs['large']}").status_code == 200
    assert "Nothing is merged by you" in member.page("/settings/recordings").text


def test_what_is_one_by_itself_can_be_set_apart(member: Visitor, songs: dict[str, int]) -> None:
    here = f"/settings/recordings/tracks/{songs['slow']}"
    member.submit(member.page(here), "/settings/recordings/apart")
    assert figures(member.page(f"/tracks/{songs['again']}"))["plays"] == "12"
    page = member.page("/settings/recordings")
    assert "Set apart by you" in page.text
    assert "Are these the same?" not in page.text  # that was just answered
    member.submit(page, "/settings/recordings/undone")
    assert member.get(f"/tracks/{songs['again']}").status_code == 302


def test_twins_are_suggested_once(site: Site, songs: dict[str, int]) -> None:
    user = make_user("alice")
    deluxe = told("Large Rooms (Deluxe Edition)", album="Tides (Deluxe)")
    live = told("Large Rooms - Live")
    for minute, one in enumerate([songs["large"], songs["large"], deluxe, live]):
        play(user.id, at(minute), one)
    member = site.member(user)
    page = member.page("/settings/recordings")
    assert "Are these the same?" in page.text
    assert page.text.count("Large Rooms (Deluxe Edition)") == 1
    assert "Large Rooms - Live" not in page.text
    member.submit(page, "/settings/recordings/merges")
    assert recordings.of(user.id).of == {deluxe: songs["large"]}
    assert "Are these the same?" not in member.page("/settings/recordings").text


def test_a_stranger_can_merge_nothing_of_this_archive(
    site: Site, alice: User, songs: dict[str, int]
) -> None:
    bob = site.member(make_user("bob"))
    site.app.config["WTF_CSRF_ENABLED"] = False
    values = {"track": songs["large"], "other": songs["slow"]}
    for address in ("merges", "apart", "undone"):
        assert bob.post(f"/settings/recordings/{address}", data=values).status_code == 303
    assert recordings.choices(alice.id) == []
    text = bob.get("/settings/recordings").text
    assert "Slow Harbour" not in text
