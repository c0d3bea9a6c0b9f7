"""People who keep listening by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from audiospective.sandbox.catalog import Catalog
from audiospective.sandbox.clock import to_ms
from audiospective.sandbox.first_listeners import roster
from audiospective.sandbox.habits import HABITS, HOUR_MS, day_plays, day_start
from audiospective.sandbox.hard_names import HARD_ALBUMS, HARD_ARTISTS, HARD_TRACKS
from audiospective.sandbox.listeners import BRISK_MS, Listener
from audiospective.sandbox.window import Tape

SEED = "test"
CATALOG = Catalog(SEED)
NOON = to_ms("2026-11-22T12:00:00Z")
ACTIVE = [name for name in HABITS if name != "silent"]

Heard = list[tuple[int, int, str | None]]


def listener(habit: str = "steady", zone: str = "Europe/Berlin", **facts: object) -> Listener:
    return Listener("ada", "acct", "Ada", zone, habit, born_ms=NOON, **facts)  # type: ignore[arg-type]


def seen(tape: Tape) -> Heard:
    return [(play.played_at, play.order, play.track and play.track.id) for play in tape.window]


def test_the_catalog_is_the_same_for_the_same_seed_and_full_of_hard_names() -> None:
    again, other = Catalog(SEED), Catalog("another")
    assert list(again.tracks) == list(CATALOG.tracks)
    assert not set(other.tracks) & set(CATALOG.tracks)
    assert {artist.name for artist in CATALOG.artists.values()} >= set(HARD_ARTISTS)
    assert {album.name for album in CATALOG.albums.values()} >= set(HARD_ALBUMS)
    assert len({track.name for track in CATALOG.tracks.values()} & set(HARD_TRACKS)) > 8
    assert all(len(track.id) == 22 and track.id.isalnum() for track in CATALOG.tracks.values())


@pytest.mark.parametrize("habit", ACTIVE)
def test_the_same_day_is_heard_in_the_same_way_whoever_asks(habit: str) -> None:
    zone, day = ZoneInfo("Asia/Tokyo"), date(2026, 11, 20)
    for offset in range(10):
        one, two = (
            [
                (play.key, play.recorded_at, play.track and play.track.id, play.hidden)
                for play in day_plays(
                    SEED, "ada", HABITS[habit], zone, day + timedelta(offset), CATALOG
                )
            ]
            for _ in range(2)
        )
        assert one == two


@pytest.mark.parametrize("habit", ACTIVE)
@pytest.mark.parametrize("zone", ["America/St_Johns", "Europe/Berlin", "Pacific/Auckland"])
def test_plays_lie_within_their_day_one_after_the_other(habit: str, zone: str) -> None:
    tz = ZoneInfo(zone)
    for offset in range(60):
        day = date(2026, 9, 20) + timedelta(offset)  # the clocks change within
        plays = list(day_plays(SEED, "ada", HABITS[habit], tz, day, CATALOG))
        start, end = day_start(day, tz), day_start(day + timedelta(1), tz)
        for play in plays:
            assert start <= play.played_at - play.ms_played
            assert play.played_at < end
            assert play.recorded_at >= play.played_at
            assert play.hidden or play.ms_played >= 30_000
        for before, after in pairwise(plays):
            assert before.played_at <= after.played_at - after.ms_played
            assert before.order < after.order


def test_a_listening_day_begins_at_four_in_the_morning_where_the_listener_lives() -> None:
    start = day_start(date(2026, 7, 1), ZoneInfo("America/Los_Angeles"))
    assert start == to_ms(datetime(2026, 7, 1, 11, tzinfo=UTC))


@pytest.mark.parametrize("habit", ["steady", "commuter", "night", "loop", "radio"])
def test_whoever_listens_daily_has_a_full_window_at_the_first_look(habit: str) -> None:
    somebody = listener(habit)
    somebody.listen(NOON, SEED, CATALOG)
    assert len(somebody.tape.window) == 50
    assert somebody.tape.window[-1].recorded_at <= NOON


def test_what_was_heard_does_not_depend_on_how_often_one_looks() -> None:
    patient, curious = listener(awake=[NOON]), listener(awake=[NOON])
    for minute in range(0, 6 * 60, 7):
        curious.listen(NOON + minute * 60_000, SEED, CATALOG)
    curious.listen(NOON + 6 * HOUR_MS, SEED, CATALOG)
    patient.listen(NOON + 6 * HOUR_MS, SEED, CATALOG)
    assert seen(curious.tape) == seen(patient.tape)
    assert len(curious.tape.history) == len(patient.tape.history)


def test_a_silent_listener_plays_nothing() -> None:
    somebody = listener("silent")
    somebody.listen(NOON + 30 * 24 * HOUR_MS, SEED, CATALOG)
    assert somebody.tape.history == []


def ends_after(somebody: Listener, start: int) -> list[int]:
    return [play.played_at for play in somebody.tape.history if play.played_at >= start]


def test_a_woken_listener_plays_something_every_minute_or_sooner() -> None:
    somebody = listener(awake=[NOON])
    somebody.listen(NOON + BRISK_MS, SEED, CATALOG)
    ends = ends_after(somebody, NOON)
    assert NOON < ends[0] <= NOON + 20_000
    steps = [after - before for before, after in pairwise(ends)]
    assert min(steps) > 30_000
    assert max(steps) < 60_000
    assert ends[-1] > NOON + BRISK_MS - 60_000


def test_an_hour_after_waking_fits_into_the_window() -> None:
    for start in range(NOON, NOON + 50 * 977, 977):
        somebody = listener(awake=[start])
        somebody.listen(start + HOUR_MS, SEED, CATALOG)
        assert 30 < len(ends_after(somebody, start)) < 45


def test_waking_again_begins_anew_and_keeps_what_was_already_played() -> None:
    again = NOON + HOUR_MS
    once, twice = listener(awake=[NOON]), listener(awake=[NOON])
    once.listen(again, SEED, CATALOG)
    twice.listen(again, SEED, CATALOG)
    twice.awake.append(again)
    twice.listen(again + 5 * 60_000, SEED, CATALOG)
    assert twice.tape.history[: len(once.tape.history)] != []
    assert seen_all(twice)[: len(once.tape.history)] == seen_all(once)
    assert len(ends_after(twice, again)) >= 5
    fresh = listener(awake=[NOON, again])
    fresh.listen(again + 5 * 60_000, SEED, CATALOG)
    assert seen(fresh.tape) == seen(twice.tape)


def seen_all(somebody: Listener) -> list[int]:
    return [play.played_at for play in somebody.tape.history]


def test_the_default_listener_is_the_lively_one() -> None:
    people = roster()
    assert people[0].lively
    assert not any(person.lively for person in people[1:])
    assert len({person.id for person in people}) == len(people)
    assert len({person.zone for person in people}) == len(people)


def test_offline_plays_arrive_together_when_the_device_is_back() -> None:
    somebody = listener(awake=[NOON], offline=[(NOON, NOON + HOUR_MS)])
    somebody.listen(NOON + HOUR_MS - 1, SEED, CATALOG)
    assert all(play.played_at < NOON for play in somebody.tape.history)
    somebody.listen(NOON + HOUR_MS, SEED, CATALOG)
    back = [play for play in somebody.tape.history if play.played_at >= NOON]
    assert len(back) > 30
    assert {play.recorded_at for play in back if play.played_at < NOON + HOUR_MS} == {
        NOON + HOUR_MS
    }


def test_commuters_arrive_late_now_and_then() -> None:
    somebody = listener("commuter")
    somebody.listen(NOON + 30 * 24 * HOUR_MS, SEED, CATALOG)
    late = [
        play
        for play in somebody.tape.history
        if play.recorded_at - play.played_at > HOUR_MS and not play.hidden
    ]
    assert len(late) > 50
    assert all(play.offline for play in late)


def test_a_clock_set_back_unplays_what_has_not_happened_yet() -> None:
    somebody, other = listener(), listener()
    for person, until in ((somebody, 9), (somebody, 3), (other, 3)):
        person.rewind(NOON + until * 24 * HOUR_MS)
        person.listen(NOON + until * 24 * HOUR_MS, SEED, CATALOG)
    assert seen(somebody.tape) == seen(other.tape)
    for person in (somebody, other):
        person.listen(NOON + 9 * 24 * HOUR_MS, SEED, CATALOG)
    assert seen(somebody.tape) == seen(other.tape)
