"""Sealing among others: polls that go on, other sealers, and proofs that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from peewee import OperationalError

from audiospective import clock, history
from audiospective.history import (
    append,
    bulk_add,
    hot_tail,
    removal,
    sealing,
    segment,
    segment_store,
)
from audiospective.models import Play, PlaySegment, database
from audiospective.models.base import is_sqlite
from audiospective.models.database_away import says_away
from tests.history.making import MINUTE, at, person, play, track
from tests.support.processes import until
from tests.support.threads import elsewhere

pytestmark = pytest.mark.usefixtures("database")


def fill(user_id: int, song: int, plays: int, start: int = at(0)) -> None:
    append.polled([append.NewPlay(user_id, start + n * MINUTE, song, None) for n in range(plays)])


def polled_at_deletion(monkeypatch: pytest.MonkeyPatch, poll: Callable[[], object]) -> list[bool]:
    """Whether `poll`, tried elsewhere as often as rows are deleted, had to wait; not on SQLite."""
    delete: Callable[[int, list[hot_tail.Key]], int] = hot_tail.delete
    waits: list[bool] = []

    def too_soon() -> bool:
        try:
            with database.atomic():
                database.execute_sql("SET LOCAL lock_timeout = '20ms'")
                poll()
        except OperationalError as error:
            return says_away(error)
        return False

    def meanwhile(user_id: int, keys: list[hot_tail.Key]) -> int:
        if not is_sqlite():  # it has one writer
            waits.append(elsewhere(too_soon))
        return delete(user_id, keys)

    monkeypatch.setattr(hot_tail, "delete", meanwhile)
    return waits


def test_nothing_moves_before_it_is_due() -> None:
    alice, song = person("alice"), track("song")
    fill(alice, song, 200)
    assert sealing.seal(alice) == 0
    fill(alice, song, 1, at(2000))
    assert sealing.seal(alice) == 101
    assert Play.select().count() == 100
    assert sealing.seal(alice) == 0
    assert history.total(alice) == history.frame(alice).height == 201


def test_the_newest_stay_rows_and_years_are_of_utc() -> None:
    alice, song = person("alice", "America/Los_Angeles"), track("song")
    new_year = clock.to_ms(datetime(2026, 1, 1, tzinfo=UTC))
    fill(alice, song, 10, new_year - 5 * MINUTE)
    assert sealing.seal(alice, keep=3, trigger=9) == 7
    found = {row.year: row for row in PlaySegment.select()}
    assert {year: row.plays for year, row in found.items()} == {2025: 5, 2026: 2}
    assert (found[2025].first_at, found[2025].last_at) == (
        new_year - 5 * MINUTE,
        new_year - MINUTE,
    )
    assert found[2026].size == len(bytes(found[2026].blob))
    assert found[2026].format == segment.FORMAT


def test_two_sealers_at_once_move_everything_once() -> None:
    alice, song = person("alice"), track("song")
    fill(alice, song, 40)
    start, moved = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        with database.connection_context():
            moved.append(sealing.seal(alice, keep=0, trigger=0))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [0, 40]
    assert history.frame(alice).height == history.total(alice) == 40


def test_a_poll_in_the_middle_of_it_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, song, other = person("alice"), track("song"), track("other")
    fill(alice, song, 20)
    original = segment_store.write

    def poll_meanwhile(*args: Any) -> None:
        original(*args)
        if not is_sqlite():  # there the poll waits for its turn
            elsewhere(lambda: fill(alice, other, 30, at(5)))

    monkeypatch.setattr(segment_store, "write", poll_meanwhile)
    assert sealing.seal(alice, keep=0, trigger=0) == 20
    if is_sqlite():
        fill(alice, other, 30, at(5))
    assert Play.select().count() == 30
    assert history.frame(alice).height == history.total(alice) == 50
    assert sealing.seal(alice, keep=0, trigger=0) == 30
    assert PlaySegment.get().plays == 50


@pytest.mark.parametrize("moves", ["seal", "absorb", "remove"])
def test_a_poll_that_tells_of_a_play_that_just_moves_or_goes_waits(
    moves: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, song = person("alice"), track("song")
    told = segment.of([{"played_at": at(0), "track": song, "source": 2, "ms_played": 5}])
    hot_tail.insert(alice, bulk_add.as_rows(told))
    waits = polled_at_deletion(monkeypatch, lambda: fill(alice, song, 1))
    if moves == "seal":
        assert sealing.seal(alice, keep=0, trigger=0) == 1
    elif moves == "absorb":
        bulk_add.absorb(alice, told)
    else:
        assert removal.remove(alice, [(at(0), song)]) == 1
    assert waits == ([] if is_sqlite() else [True])
    if moves == "remove":
        assert removal.restore(alice, [(at(0), song)]) == 1
    fill(alice, song, 1)
    assert history.frame(alice, columns=["source", "ms_played"]).rows() == [(3, 5)]


@pytest.mark.parametrize("comes", ["absorbed", "restored"])
def test_a_play_that_a_poll_brings_as_it_comes_back_is_one_with_all_its_facts(
    comes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, song = person("alice"), track("song")
    told = segment.of([{"played_at": at(0), "track": song, "source": 2, "ms_played": 5}])
    delete: Callable[[int, list[hot_tail.Key]], int] = hot_tail.delete

    def poll_meanwhile(user_id: int, keys: list[hot_tail.Key]) -> int:
        elsewhere(lambda: fill(alice, song, 1))
        return delete(user_id, keys)

    if comes == "restored":
        bulk_add.absorb(alice, told)
        assert sealing.seal(alice, keep=0, trigger=0) == 1
    if is_sqlite():  # it has one writer
        fill(alice, song, 1)
    else:
        monkeypatch.setattr(hot_tail, "delete", poll_meanwhile)
    if comes == "restored":
        removal.remove(alice, [(at(0), song)])
        assert history.total(alice) == 0
        assert removal.restore(alice, [(at(0), song)]) == 1
    else:
        bulk_add.absorb(alice, told)
    assert history.frame(alice, columns=["source", "ms_played"]).rows() == [(3, 5)]


def test_it_holds_rows_in_the_order_of_a_page_so_that_neither_waits_for_the_other() -> None:
    alice, song = person("alice"), track("song")
    told = segment.of([{"played_at": at(n), "track": song, "source": 2} for n in range(2)])
    hot_tail.insert(alice, bulk_add.as_rows(told))
    if is_sqlite():  # it has one writer
        fill(alice, song, 2)
        assert sealing.seal(alice, keep=0, trigger=0) == 2
        return
    sealer = threading.Thread(
        target=elsewhere, args=(lambda: sealing.seal(alice, keep=0, trigger=0),)
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    try:
        with database.atomic():
            database.execute_sql("SET LOCAL lock_timeout = '50ms'")
            fill(alice, song, 1, at(1))
            sealer.start()
            until(lambda: database.execute_sql(waiting).fetchone()[0], "sealing waits")
            fill(alice, song, 1, at(0))
    finally:
        sealer.join()
    assert Play.select().count() == 0
    assert history.frame(alice, columns=["source"]).rows() == [(3,), (3,)]


def test_what_does_not_read_back_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, song = person("alice"), track("song")
    fill(alice, song, 20)
    encode = segment.encode
    monkeypatch.setattr(segment, "encode", lambda plays: encode(plays.head(-1)))
    with pytest.raises(segment_store.SegmentProofError):
        sealing.seal(alice, keep=0, trigger=0)
    assert (Play.select().count(), PlaySegment.select().count()) == (20, 0)
    monkeypatch.undo()
    assert sealing.seal(alice, keep=0, trigger=0) == 20


def test_a_changed_fact_does_not_pass_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, song = person("alice"), track("song")
    fill(alice, song, 3)
    encode = segment.encode
    monkeypatch.setattr(
        segment, "encode", lambda plays: encode(plays.with_columns(source=plays["source"] + 1))
    )
    with pytest.raises(segment_store.SegmentProofError, match="changed"):
        sealing.seal(alice, keep=0, trigger=0)
    assert Play.select().count() == 3


def test_a_row_that_was_deleted_before_is_dropped_not_sealed() -> None:
    alice, song = person("alice"), track("song")
    fill(alice, song, 3)
    removal.remove(alice, [(at(1), song)])
    play(alice, at(1), song)  # a poll that had looked before the deletion
    assert sealing.seal(alice, keep=0, trigger=0) == 2
    assert (Play.select().count(), history.total(alice)) == (0, 2)


def test_every_column_survives() -> None:
    alice, song = person("alice"), track("song")
    facts = {
        "source": 3, "ms_played": 5, "context": "spotify:x", "flags": 0b10010001,
        "reason_start": "a", "reason_end": "b", "platform": "c", "country": "SE", "import_id": 4,
        "timing": 1, "seen": 6,
    }  # fmt: skip
    play(alice, at(0), song, **facts)
    before = history.frame(alice)
    sealing.seal(alice, keep=0, trigger=0)
    assert history.frame(alice).equals(before)
    row = before.row(0, named=True)
    for name in facts.keys() - {"flags"}:
        assert row[name] == facts[name], name
    assert [row[name] for name in ("shuffle", "skipped", "offline", "incognito")] == [
        True, None, None, False,
    ]  # fmt: skip
