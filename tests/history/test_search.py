"""Searching plays: what is found, page after page, and how little is opened for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiospective import clock, history
from audiospective.history import (
    archived_tracks,
    flags,
    recordings,
    removal,
    sealing,
    search,
    segment_store,
)
from audiospective.history.catalog import polled
from audiospective.history.search import Wanted
from audiospective.models import Play, PlaySegment, User
from audiospective.policy.folding import fold, words
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.stats.cache import Cache, Part
from tests.history.making import at, person, play, track

pytestmark = pytest.mark.usefixtures("database")

NAMES = [
    ("Slow Harbour", "Björk", "Tides"),
    ("遠い海の記憶", "青木 鈴", "海"),
    ("Large Rooms", "Nora Feld", "Slow"),
    ("سماء بعيدة", "ليلى ناصر", None),
]
CONTEXTS = [None, "spotify:playlist:one", "spotify:user:somebody:playlist:two", "spotify:album:x"]
LENGTH = 200_000


def songs() -> list[int]:
    facts = [
        TrackFacts(
            f"id {title}", title, artists=(ArtistFacts(f"id {artist}", artist),),
            album=AlbumFacts(f"id {album}", album) if album else None, duration_ms=LENGTH,
        )
        for title, artist, album in NAMES
    ]  # fmt: skip
    ids = polled.remember(facts)
    return [ids[one.spotify_id] for one in facts]


def keys(page: search.Page) -> list[tuple[int, int]]:
    return [(clock.to_ms(one.played_at), one.track_id) for one in page.plays]


ONE_PLAY = st.fixed_dictionaries(
    {
        "minute": st.integers(-900, 60).map(lambda day: day * 1440),  # over four years of UTC
        "song": st.integers(0, len(NAMES) - 1),
        "source": st.sampled_from([1, 2, 3]),
        "ms_played": st.sampled_from([None, 0, 29_999, 30_000, LENGTH]),
        "context": st.sampled_from(CONTEXTS),
        "skipped": st.sampled_from([None, True, False]),
        "reason_end": st.sampled_from([None, "fwdbtn", "trackdone"]),
    }
)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "start": st.integers(-900, 60).map(lambda day: at(day * 1440)),
        "end": st.integers(-900, 60).map(lambda day: at(day * 1440)),
        "q": st.sampled_from(["slow", "BJORK", "海", "slow nora", "ليلى", "nothing"]),
        "artist": st.sampled_from(["bjork", "nora feld", "slow", "青木"]),
        "album": st.sampled_from(["slow", "海", "bjork"]),
        "source": st.sampled_from([1, 2, 3]),
        "context": st.sampled_from(["", "playlist", "album", "spotify:playlist:one"]),
        "least": st.sampled_from([1, 30_000, LENGTH, LENGTH + 1]),
        "skipped": st.booleans(),
    },
)


def matches(one: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """The same rules in plain Python, one play at a time."""
    moment, names = at(one["minute"]), fold(" ".join(filter(None, NAMES[one["song"]])))
    if not wanted.get("start", -(2**62)) <= moment < wanted.get("end", 2**62):
        return False
    if not all(word in names for word in words(wanted.get("q", ""))):
        return False
    for field, name in (("artist", 1), ("album", 2)):
        own = fold(NAMES[one["song"]][name] or "")
        if not all(word in own for word in words(wanted.get(field, ""))):
            return False
    if one["source"] & wanted.get("source", 0) != wanted.get("source", 0):
        return False
    length = LENGTH if one["ms_played"] is None else one["ms_played"]
    if length < wanted.get("least", 0):
        return False
    skipped = one["skipped"]
    if skipped is None and one["reason_end"] is not None:
        skipped = one["reason_end"] == "fwdbtn"
    if "skipped" in wanted and skipped is not wanted["skipped"]:
        return False
    if "context" not in wanted:
        return True
    known, asked = one["context"], wanted["context"]
    if not asked or known is None:
        return not asked and known is None
    return known == asked or (":" not in asked and asked in known.split(":"))


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    plays=st.lists(ONE_PLAY, max_size=25, unique_by=lambda one: (one["minute"], one["song"])),
    asked=WANTED,
    limit=st.integers(1, 9),
    sealed=st.integers(0, 3),
)
def test_pages_in_both_directions_are_those_of_a_naive_reference(plays, asked, limit, sealed):
    User.delete().execute()
    alice, ids = person("alice"), songs()
    for number, one in enumerate(plays):
        play(alice, at(one["minute"]), ids[one["song"]], source=one["source"],
             ms_played=one["ms_played"], context=one["context"], reason_end=one["reason_end"],
             flags=flags.pack({"skipped": one["skipped"]}))  # fmt: skip
        if number % 5 == sealed:
            sealing.seal(alice, keep=1, trigger=0)  # late plays stay rows beside their segments
    texts = {"q": "words", "artist": "artist_words", "album": "album_words"}
    wanted = Wanted(**{
        texts.get(name, name): tuple(words(value)) if name in texts else value
        for name, value in asked.items()
    })  # fmt: skip
    expected = sorted(
        ((at(one["minute"]), ids[one["song"]]) for one in plays if matches(one, asked)),
        reverse=True,
    )
    assert search.count(alice, wanted) == len(expected)
    found: list[tuple[int, int]] = []
    page = search.page(alice, wanted, limit=limit)
    assert not page.newer
    while True:
        found += keys(page)
        if not page.older:
            break
        page = search.page(alice, wanted, before=found[-1], limit=limit)
        assert page.newer
        back = search.page(alice, wanted, after=keys(page)[0], limit=limit)
        assert keys(back) == found[-limit:]
        assert back.newer == (len(found) > limit)
    assert found == expected


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The years of the segments that were opened."""
    years: list[int] = []
    read = segment_store.opened
    monkeypatch.setattr(archived_tracks, "_of_segment", Part(Cache(1_000_000), "tracks"))
    monkeypatch.setattr(
        segment_store, "opened", lambda row, *args: years.append(row.year) or read(row, *args)
    )
    return years


@pytest.fixture
def alice() -> int:
    """Ten years with 30 plays each of one song, and another one in 2019 alone; all sealed."""
    user, song, rare = person("alice"), track("song", ("Band",)), track("rare", ("Other",))
    for year in range(2015, 2025):
        start = clock.to_ms(datetime(year, 3, 1, tzinfo=UTC))
        for day in range(30):
            play(user, start + day * 86_400_000, song)
        if year == 2019:
            play(user, start + 1, rare)
    sealing.seal(user, keep=0, trigger=0)
    return user


def test_every_page_costs_the_same_at_any_depth(
    alice: int, opened: list[int], statements: list[str]
) -> None:
    page, costs = search.page(alice, Wanted(), limit=20), []
    while page.older:
        opened.clear()
        statements.clear()
        page = search.page(alice, Wanted(), before=keys(page)[-1], limit=20)
        costs.append((len(opened), len(statements)))
    assert len(costs) == 15
    assert max(segments for segments, _ in costs) == 2
    assert max(queries for _, queries in costs) <= 8


def test_segments_without_the_track_stay_closed(alice: int, opened: list[int]) -> None:
    rare = Wanted(words=("rare",))
    assert search.count(alice, rare) == 1  # looks into every segment once
    opened.clear()
    assert len(search.page(alice, rare).plays) == 1
    assert opened == [2019]
    opened.clear()
    assert search.count(alice, rare) == 1
    assert opened == []


def test_a_span_opens_only_its_own_years(alice: int, opened: list[int]) -> None:
    start, end = (clock.to_ms(datetime(year, 1, 1, tzinfo=UTC)) for year in (2017, 2019))
    assert search.count(alice, Wanted(start, end)) == 60
    assert sorted(opened) == [2017, 2018]


def test_a_sparse_search_asks_for_many_segments_at_once(
    alice: int, opened: list[int], statements: list[str]
) -> None:
    assert search.page(alice, Wanted(skipped=True)).plays == []
    assert len(opened) == 10
    assert len(statements) <= 9


def test_a_recording_is_found_under_each_of_its_tracks() -> None:
    user, one, two = person("alice"), track("one", ("A",), "X"), track("two", ("B",), "Y")
    play(user, at(0), one)
    play(user, at(1), two)
    recordings.merge(user, one, two)
    for wanted in (Wanted(track=one), Wanted(track=two)):
        assert search.count(user, wanted) == 2
    artist = search.page(user, Wanted()).plays[0].artists[0][0]
    assert search.count(user, Wanted(artist=artist)) == 2  # follows the recording
    assert search.count(user, Wanted(words=("a",))) == 1  # each play keeps its own names


def test_nothing_stale_is_counted(alice: int) -> None:
    song = Play.select().count(), search.count(alice, Wanted(words=("song",)))
    assert song == (0, 300)
    first = search.page(alice, Wanted(), limit=1).plays[0]
    removal.remove(alice, [(clock.to_ms(first.played_at), first.track_id)])
    assert search.count(alice, Wanted(words=("song",))) == 299


def test_one_play_has_an_address_and_what_is_known_of_it() -> None:
    user, bob, song = person("alice"), person("bob"), track("song")
    play(user, at(0), song, ms_played=5, platform="a phone", source=2)
    found = search.one(user, (at(0), song))
    assert found is not None
    assert found.title == "song"
    assert search.facts(user, (at(0), song))["platform"] == "a phone"
    assert search.one(user, (at(1), song)) is search.one(bob, (at(0), song)) is None
    assert search.facts(bob, (at(0), song)) == {}


def test_a_damaged_segment_is_set_aside_and_the_search_goes_on(alice: int) -> None:
    PlaySegment.update(sha256="0" * 64).where(PlaySegment.year == 2020).execute()
    assert search.count(alice, Wanted()) == 271
    assert history.total(alice) == 271


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reaches the database from now on."""
    from audiospective.models import database, dialects

    found: list[str] = []
    run, execute = dialects.run, type(database.obj).execute_sql
    monkeypatch.setattr(dialects, "run", lambda sql, *args: found.append(sql) or run(sql, *args))
    monkeypatch.setattr(
        type(database.obj),
        "execute_sql",
        lambda self, sql, *a: found.append(sql) or execute(self, sql, *a),
    )
    return found
