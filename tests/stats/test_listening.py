"""What figures are made of, and that none outlives a change of the archive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import polars as pl
import pytest

from audiospective import clock, history
from audiospective.history import plays_by_day, removal, sealing, segment, segment_store, version
from audiospective.history.catalog import polled
from audiospective.models import Play, database
from audiospective.policy import counting
from audiospective.policy.counting import Counting, Measure, Rule
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.stats import (
    activity,
    by_track,
    cache,
    listening,
    prepared_plays,
    tops,
    unprepared_portrait,
)
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from tests.history.making import at, person, play, track
from tests.support.threads import elsewhere

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    listening.forget()


def many(plays: pl.DataFrame) -> int:
    return plays.height


def total(plays: pl.DataFrame) -> int:
    return int(plays["amount"].sum())


def told(name: str, **more: Any) -> int:
    return polled.remember([TrackFacts(f"track {name}", name, **more)])[f"track {name}"]


@pytest.mark.parametrize("rule", list(Rule))
def test_the_frame_counts_what_the_rule_says(rule: Rule) -> None:
    alice = person("alice")
    lengths = [None, 40_000, 180_000]
    songs = [told(f"song {length}", duration_ms=length) for length in lengths]
    wanted, minute = [], 0
    for song, length in zip(songs, lengths, strict=True):
        for heard in (None, 0, 20_000, 29_999, 30_000, 38_000, 90_000, 171_000, 180_000):
            for reason in (None, "trackdone", "fwdbtn"):
                minute += 1
                play(alice, at(minute), song, ms_played=heard, reason_end=reason, source=2)
                if counting.counts(rule, heard, length, reason):
                    wanted.append((at(minute), heard if heard is not None else length or 0))
    plays = Listening(FigureOptions(alice, counting=Counting(rule, Measure.TIME))).plays()
    assert plays.schema == {**prepared_plays.SCHEMA, "amount": pl.Int64}
    assert plays.select(pl.col("played_at").to_physical(), "amount").rows() == wanted
    assert plays["heard"].to_list() == plays["amount"].to_list()
    by_plays = Listening(FigureOptions(alice, counting=Counting(rule))).plays()
    assert by_plays["amount"].to_list() == [1] * len(wanted)


def test_an_empty_archive_has_the_same_columns() -> None:
    found = Listening(FigureOptions(person("alice"), "Asia/Kathmandu")).plays()
    assert found.schema == prepared_plays.SCHEMA
    assert found.equals(prepared_plays.SCHEMA.to_frame())


def test_days_are_those_of_the_members_clock() -> None:
    alice, song = person("alice"), track("song")
    play(alice, clock.to_ms(datetime(2026, 1, 1, 7, 30, tzinfo=UTC)), song)
    west = Listening(FigureOptions(alice, "America/Los_Angeles")).plays()
    assert str(west["day"][0]) == "2025-12-31"
    assert west["local"][0] == datetime(2025, 12, 31, 23, 30)  # noqa: DTZ001 - a wall clock
    assert (
        str(Listening(FigureOptions(alice, "Pacific/Auckland")).plays()["day"][0]) == "2026-01-01"
    )


def test_plays_of_a_day_are_all_found_where_midnight_came_twice() -> None:
    alice, song = person("alice"), track("song")
    # Until 2011 Newfoundland's clocks went back from a minute after midnight.
    again = datetime(2010, 11, 7, 2, 31, tzinfo=UTC)
    for seconds in (-7200, -90, -30, 30, 3500, 3700, 7200):
        play(alice, clock.to_ms(again + timedelta(seconds=seconds)), song)
    plays = Listening(FigureOptions(alice, "America/St_Johns")).plays()
    assert [day.day for day in plays["day"]] == [6, 6, 7, 6, 6, 7, 7]
    for first, last in ((5, 5), (6, 6), (7, 7), (6, 7), (8, 9)):
        span = date(2010, 11, first), date(2010, 11, last)
        found = prepared_plays.within(plays, *span)
        assert found.equals(plays.filter(pl.col("day").is_between(*span)))


def test_hidden_artists_are_left_out_wherever_they_are_credited() -> None:
    alice = person("alice")
    for minute, song in enumerate(
        [track("duet", ("One", "Two")), track("solo", ("Two",)), track("other", ("Three",))]
    ):
        play(alice, at(minute), song)
    everybody = Listening(FigureOptions(alice)).figure(tops.top, "artist", 9)
    two = everybody["id"][0]
    left = Listening(FigureOptions(alice, hidden=frozenset({two})))
    assert left.plays()["track"].to_list() == [track("other", ("Three",))]
    assert history.total(alice) == 3


def test_without_polled_plays_only_imports_count() -> None:
    alice, song = person("alice"), track("song")
    for minute, source in enumerate((1, 2, 3)):
        play(alice, at(minute), song, source=source)
    assert Listening(FigureOptions(alice, polled=False)).plays()["source"].to_list() == [2, 3]


def test_one_recording_has_one_track_and_keeps_its_own_ids() -> None:
    alice = person("alice")
    single, deluxe = track("single", ("One",), "Single"), track("deluxe", ("One",), "Deluxe")
    play(alice, at(0), single)
    play(alice, at(1), deluxe)
    raw = history.frame(alice, columns=prepared_plays.RAW)
    merged = pl.DataFrame(
        {"track": [deluxe], "recording": [single]},
        schema={"track": pl.Int32, "recording": pl.Int32},
    )
    plays = prepared_plays.prepare(raw, FigureOptions(alice), merged)
    assert plays["track"].to_list() == [single, single]
    assert plays["own"].to_list() == [single, deluxe]
    assert plays["album"].n_unique() == 1


def _later(user_id: int) -> None:
    play(user_id, at(500), track("new"))


def _removed(user_id: int) -> None:
    removal.remove(user_id, [(at(1), track("song"))])


def _sealed(user_id: int) -> None:
    for minute in range(600, 900):
        play(user_id, at(minute), track("song"))
    sealing.seal(user_id)


def _imported(user_id: int) -> None:
    history.absorb(
        user_id,
        segment.of([{"played_at": at(-5), "track": track("song"), "source": 2, "ms_played": 9}]),
    )


def _known_better(user_id: int) -> None:
    Play.update(ms_played=5, source=3).where(
        (Play.user == user_id) & (Play.played_at == at(1))
    ).execute()


def _longer(_user_id: int) -> None:
    told("song", duration_ms=7)


def _another_artist(_user_id: int) -> None:
    told("song", artists=(ArtistFacts("artist x", "x"),), album=AlbumFacts("album y", "y"))


CHANGES = [_later, _removed, _sealed, _imported, _known_better, _longer, _another_artist]


@pytest.mark.parametrize("change", CHANGES)
def test_no_figure_outlives_a_change(change: Callable[[int], None]) -> None:
    alice, bob = person("alice"), person("bob")
    song = told("song", duration_ms=5_000, artists=(ArtistFacts("artist z", "z"),))
    for who in (alice, bob):
        for minute in range(3):
            play(who, at(minute), song)
    options = FigureOptions(alice, counting=Counting(measure=Measure.TIME))

    def figures() -> list[Any]:
        one = Listening(options)
        top = one.figure(tops.top, "artist", 5).select("plays", "amount", "last").rows()
        return [
            one.figure(many),
            one.figure(total),
            top,
            one.figure(tops.top, "artist", 5)["id"].to_list(),
        ]

    first, before = figures(), version.of(alice)
    assert figures() == first
    change(alice)
    assert version.of(alice) != before
    found = figures()
    listening.forget()
    assert figures() == found
    assert found != first


def test_taking_a_deletion_back_brings_the_figures_back() -> None:
    alice, song = person("alice"), track("song")
    for minute in range(3):
        play(alice, at(minute), song)
    seen = []
    for change in (None, removal.remove, removal.restore):
        if change:
            change(alice, [(at(1), song)])
        seen.append(Listening(FigureOptions(alice)).figure(many))
    assert seen == [3, 2, 3]


def test_an_unchanged_archive_is_counted_once() -> None:
    alice, calls = person("alice"), []

    def counting_calls(plays: pl.DataFrame) -> int:
        calls.append(plays.height)
        return plays.height

    for _ in range(3):
        assert Listening(FigureOptions(alice)).figure(counting_calls) == 0
    assert len(calls) == 1
    Listening(FigureOptions(alice, "Asia/Tokyo")).figure(counting_calls)
    assert len(calls) == 2


YEAR = 365 * 24 * 60  # minutes


def _years(user_id: int, song: int) -> None:
    """A sealed play in each of four years."""
    rows = [{"played_at": at(-n * YEAR - 1), "track": song, "source": 2} for n in range(4)]
    history.absorb(user_id, segment.of(rows))
    sealing.seal(user_id, keep=0, trigger=0)


def _late(user_id: int) -> None:
    """A device that was offline: a row before the newest segment ends."""
    play(user_id, at(-2), track("song"))


def _another_year(user_id: int) -> None:
    rows = [{"played_at": at(-YEAR + n), "track": track("x"), "source": 2} for n in range(3)]
    history.absorb(user_id, segment.of(rows))


def _again_known(user_id: int) -> None:
    """A row that repeats a sealed play and knows more."""
    play(user_id, at(-1), track("song"), ms_played=4_000, source=2)


def _deleted(user_id: int) -> None:
    removal.remove(user_id, [(at(-1), track("song"))])


@pytest.mark.parametrize("change", [*CHANGES, _late, _another_year, _again_known, _deleted])
@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Adak"])
def test_what_is_worked_out_of_what_was_kept_is_what_reading_everything_gives(
    change: Callable[[int], None], zone: str
) -> None:
    alice, song = person("alice"), told("song", duration_ms=5_000)
    _years(alice, song)
    for minute in range(3):
        play(alice, at(minute), song)

    def everything() -> list[Any]:
        one = Listening(FigureOptions(alice, zone))
        days = plays_by_day.of(alice, zone, one.version)
        years = by_track.of_years(one.plays()).sort("year", "track").rows()
        return [one.plays().rows(), years, one.imported(), dict(days.days), dict(days.months)]

    before = everything()
    change(alice)
    found = everything()
    assert found != before
    listening.forget()
    plays_by_day._kept.clear()
    assert everything() == found


def test_a_new_play_opens_no_year_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, song = person("alice"), track("song")
    _years(alice, song)
    play(alice, at(0), song)
    Listening(FigureOptions(alice)).plays()
    plays_by_day.of(alice, "UTC")
    opened: list[int] = []
    read = segment_store.opened

    def noted(row: segment_store.Stored, *more: Any) -> pl.DataFrame:
        opened.append(row.year)
        return read(row, *more)

    together = segment_store.opened_all

    def noted_all(*args: Any) -> dict[int, pl.DataFrame]:
        found = together(*args)
        opened.extend(found)
        return found

    monkeypatch.setattr(segment_store, "opened", noted)
    monkeypatch.setattr(segment_store, "opened_all", noted_all)
    play(alice, at(1), song)
    assert Listening(FigureOptions(alice)).figure(many) == 6
    assert plays_by_day.of(alice, "UTC").plays == 6
    assert set(opened) <= {max(year for year, _ in version.read(alice).years)}


def test_what_a_transaction_sees_is_not_kept() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(0), song)
    with database.atomic() as transaction:
        play(alice, at(1), song)
        assert Listening(FigureOptions(alice)).figure(many) == 2
        transaction.rollback()
    assert len(listening._results) == len(listening._frames) == 0
    assert Listening(FigureOptions(alice)).figure(many) == 1


def test_a_play_that_arrives_between_two_reads_is_kept_under_no_version() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(0), song)
    one = Listening(FigureOptions(alice))
    assert one.version
    play(alice, at(1), song)
    assert one.figure(many) == 2
    assert len(listening._results) == len(listening._frames) == 0


def test_pages_that_are_asked_for_at_once_read_the_plays_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(0), song)
    pages: list[Future[int]] = []
    again = Event()
    read = history.frame

    def slow(*args: Any, **more: Any) -> pl.DataFrame:
        if pages:
            again.set()
        else:
            pages.append(threads.submit(elsewhere, page))
            again.wait(0.2)
        return read(*args, **more)

    def page() -> int:
        return Listening(FigureOptions(alice)).plays().height

    monkeypatch.setattr(history, "frame", slow)
    with ThreadPoolExecutor(1) as threads:
        assert page() == 1
        assert pages[0].result(60) == 1
    assert not again.is_set()


def test_what_several_members_leave_in_memory_stays_within_a_number_of_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    song = track("song")
    monkeypatch.setattr(cache.shared, "most", 12_000)
    members = [person(name) for name in ("alice", "bob", "charlie")]
    for member in members:
        for minute in range(100):
            play(member, at(minute), song)
    for member in members:
        shown = Listening(FigureOptions(member))
        assert shown.figure(by_track.of_years).height == 1
        assert shown.figure(activity.days)
        assert 0 < cache.shared.weight <= 12_000
    kept = [listening._frames.get((database.obj, FigureOptions(one))) for one in members]
    assert kept[0] is None
    assert kept[-1] is not None
    assert Listening(FigureOptions(members[0])).figure(many) == 100


@pytest.mark.parametrize("counting_", [Counting(), Counting(Rule.ALL, Measure.TIME)])
def test_a_portrait_is_the_same_before_and_after_plays_are_kept(counting_: Counting) -> None:
    alice, song = person("alice"), told("song", duration_ms=5_000)
    other = told("other")
    for minute in range(3):
        play(alice, at(minute), song)
    options = FigureOptions(alice, counting=counting_)
    cold = Listening(options).portrait("track", song, 9)
    assert cold is not None
    assert (cold.plays, cold.place) == (3, 1)
    one = Listening(options)
    one.plays()
    assert one.portrait("track", song, 9) == cold
    assert one.portrait("track", other, 9) is None


def test_a_portrait_tells_of_a_new_play(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, song = person("alice"), told("song")
    made = unprepared_portrait.of
    drawn: list[int] = []

    def noted(raw: pl.DataFrame, *more: Any) -> Any:
        drawn.append(raw.height)
        return made(raw, *more)

    monkeypatch.setattr(unprepared_portrait, "of", noted)
    for minute in (1, 2):
        play(alice, at(minute), song)
        for _ in range(2):
            found = Listening(FigureOptions(alice)).portrait("track", song, 9)
            assert found is not None
            assert found.plays == minute
    assert drawn == [1, 2]


def test_one_member_in_many_zones_takes_nothing_that_is_kept_of_others() -> None:
    alice, bob = person("alice"), person("bob")
    for user in (alice, bob):
        play(user, at(1), track("song"))

    def read(user: int, zone: str) -> Any:
        return Listening(FigureOptions(user, zone)).plays()

    before = read(bob, "UTC"), read(alice, "Europe/Berlin")
    for zone in ("Asia/Tokyo", "America/Lima", "Africa/Cairo", "Europe/Oslo", "Asia/Dubai"):
        assert read(alice, zone) is read(alice, zone)
        assert read(alice, "Europe/Berlin") is before[1]
    assert read(bob, "UTC") is before[0]
    kept = [options.user_id for _, options in listening._frames.held()]
    assert sorted(kept) == sorted([bob, alice, alice])
