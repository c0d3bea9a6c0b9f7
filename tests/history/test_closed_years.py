"""Closed years in storage: moved, read, brought home, removed; and whatever may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta

import pytest

from audiospective import clock, history
from audiospective.clients.storage import Bucket, FileStorage, S3Storage, StorageError
from audiospective.history import append, bulk_add, integrity, references, removal, sealing, segment
from audiospective.history.closed import moving, objects, prefix, sweeping
from audiospective.history.closed.away import YearAwayError
from audiospective.models import DamagedSegment, PlaySegment, UnusedObject, User
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, LOOK_AGAIN, Import
from audiospective.models.marks import Mark
from tests.history.closing import Fragile, bound, forget_cache, tolerated
from tests.history.crashing import Crash, crashing
from tests.history.making import MINUTE, person, track
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("database")
OLD = clock.to_ms(datetime(2023, 5, 1, tzinfo=UTC))
OLDER = clock.to_ms(datetime(2021, 5, 1, tzinfo=UTC))


@pytest.fixture
def files(tmp_path) -> Iterator[Fragile]:
    with bound(Fragile(FileStorage(tmp_path / "storage"))) as one:
        yield one


@pytest.fixture
def alice(frozen: Frozen) -> int:
    """Twelve plays of 2021 and of 2023, sealed, and two rows of now."""
    user_id, song = person("alice"), track("song")
    keys = [start + n * MINUTE for start in (OLDER, OLD) for n in range(12)]
    bulk_add.absorb(user_id, segment.of([{"played_at": at, "track": song, "source": 2}
                                         for at in keys]))  # fmt: skip
    sealing.seal(user_id, keep=0, trigger=0)
    recent = [clock.to_ms(clock.now()) - n * MINUTE for n in range(2)]
    append.polled([append.NewPlay(user_id, at, song, None) for at in recent])
    return user_id


def moved(now: datetime | None = None) -> int:
    """Move everything that is due a month from now."""
    now = now or clock.now() + timedelta(days=30)
    own = prefix.own(objects.storage(), now)
    return sum(moving.take(*one, own) for one in moving.due(now, own))


def plays(user_id: int) -> list[tuple[datetime, int]]:
    forget_cache()
    return history.frame(user_id, columns=["played_at", "track"]).rows()


def test_a_year_leaves_the_row_and_reads_the_same(files: Fragile, alice: int) -> None:
    before = plays(alice)
    assert moved() == 2
    assert [bytes(row.blob) for row in PlaySegment.select()] == [b"", b""]
    assert plays(alice) == before
    assert history.total(alice) == len(before) == 26
    assert integrity.examine(alice).faults == []
    assert moved() == 0


def test_in_a_bucket_it_is_the_same(s3_bucket: Bucket, alice: int) -> None:
    with bound(S3Storage(s3_bucket)):
        before = plays(alice)
        assert moved() == 2
        assert plays(alice) == before
        assert all(moving.bring_home(*one) for one in moving.away())
        assert plays(alice) == before
        assert sweeping.sweep(prefix.known() or "", clock.now()).unused == 2


def test_nothing_moves_before_a_year_is_over_and_at_rest(
    files: Fragile, alice: int, frozen: Frozen
) -> None:
    now = datetime(2024, 1, 14, 23, tzinfo=UTC)
    PlaySegment.update(sealed_at=now - timedelta(days=8)).execute()
    own = prefix.own(files, now)
    assert moving.due(now, own) == [(alice, 2021)]
    later = now + timedelta(hours=2)
    assert moving.due(later, own) == [(alice, 2021), (alice, 2023)]
    PlaySegment.update(sealed_at=now).where(PlaySegment.year == 2021).execute()
    assert moving.due(later, own) == [(alice, 2023)]


def test_a_late_play_an_import_and_a_deletion_bring_the_year_home_and_it_moves_again(
    files: Fragile, alice: int
) -> None:
    moved()
    song, late = track("song"), OLD + 100 * MINUTE
    append.polled([append.NewPlay(alice, late, song, None)])
    sealing.seal(alice, keep=0, trigger=0)
    assert removal.remove(alice, [(OLD, song)]) == 1
    assert moving.away() == [(alice, 2021)]
    assert len(plays(alice)) == 26
    assert moved() == 1
    found = plays(alice)
    assert (clock.from_ms(late), song) in found
    assert (clock.from_ms(OLD), song) not in found
    assert removal.restore(alice, [(OLD, song)]) == 1
    assert len(plays(alice)) == 27


def test_years_that_are_away_are_told_never_left_out_in_silence(files: Fragile, alice: int) -> None:
    moved()
    forget_cache()
    files.away = True
    with pytest.raises(YearAwayError, match="2021"):
        history.frame(alice)
    with pytest.raises(YearAwayError):
        removal.remove(alice, [(OLD, track("song"))])
    with tolerated() as missing:
        assert history.frame(alice).height == 2
        assert missing == {2021, 2023}
        assert len(history.recent(alice, 20)) == 2
    assert history.total(alice) == 26  # what is noted of a year stands in its row
    files.away = False
    files.calls = 0
    with pytest.raises(YearAwayError):  # for half a minute storage is not asked again
        history.frame(alice)
    assert files.calls == 0
    forget_cache()
    assert history.frame(alice).height == 26
    assert not DamagedSegment.select().exists()


@pytest.mark.parametrize("lost", [False, True], ids=["damaged", "lost"])
def test_one_object_that_is_lost_or_damaged_takes_no_other_year_along(
    files: Fragile, alice: int, lost: bool
) -> None:
    moved()
    forget_cache()
    key = PlaySegment.get(PlaySegment.year == 2021).object
    files.delete(key) if lost else files.put(key, b"other bytes")
    with tolerated() as missing:
        assert history.frame(alice).height == 14
        assert missing == {2021}
    assert not DamagedSegment.select().exists()


def test_polls_and_new_plays_go_on_while_storage_is_away(files: Fragile, alice: int) -> None:
    moved()
    forget_cache()
    files.away = True
    song = track("song")
    at = [clock.to_ms(clock.now()) + n * MINUTE for n in range(1, 5)]
    append.polled([append.NewPlay(alice, one, song, None) for one in at])
    assert sealing.seal(alice, keep=1, trigger=0) == 5
    assert history.total(alice) == 30
    assert len(history.recent(alice, 5)) == 5


@pytest.mark.parametrize("on_a_page", [False, True])
def test_plays_go_and_come_back_in_a_gap_that_reaches_into_a_year_that_is_away(
    files: Fragile, alice: int, on_a_page: bool
) -> None:
    song, now = track("song"), clock.now()
    key = clock.to_ms(now), song
    start = clock.from_ms(OLDER) + timedelta(seconds=1)
    gap = Gap.create(user=alice, started_at=start, probably_from=start, ended_at=now,
                     cause="outage", certainty="sure", opened_at=now)  # fmt: skip
    row = Import.create(user=alice, status=DONE, created_at=now, changed_at=now,
                        first_at=start, last_at=now)  # fmt: skip
    moved()
    forget_cache()
    files.away = True
    for done in (removal.remove, removal.restore):
        with tolerated() if on_a_page else nullcontext():
            assert done(alice, [key]) == 1
        assert Gap.get_by_id(gap.id).recovered == 0
        # So the next round counts.
        assert Import.get_by_id(row.id).polls_seen == LOOK_AGAIN
        Import.update(polls_seen=0).execute()
    files.away = False
    forget_cache()
    Import.update(polls_seen=1).execute()
    removal.remove(alice, [key])
    assert Gap.get_by_id(gap.id).recovered == 23  # all but the first one of 2021
    assert Import.get_by_id(row.id).polls_seen == 0


def test_other_bytes_are_not_believed_and_nothing_is_set_aside(files: Fragile, alice: int) -> None:
    before = plays(alice)
    files.garbled = True
    with pytest.raises(StorageError, match="read back"):
        moved()
    files.garbled = False
    assert plays(alice) == before
    moved()
    files.garbled = True
    found = integrity.examine(alice)
    assert len(found.faults) == 2
    assert "is not what was put" in found.faults[0]
    assert not DamagedSegment.select().exists()
    files.garbled = False
    forget_cache()
    assert plays(alice) == before


def test_what_is_set_aside_takes_its_bytes_along_from_storage(
    files: Fragile, alice: int, frozen: Frozen
) -> None:
    before = plays(alice)
    moved()
    PlaySegment.update(plays=3).execute()
    forget_cache()
    files.away = True
    assert len(integrity.examine(alice).faults) == 2
    assert not DamagedSegment.select().exists()
    files.away = False
    forget_cache()
    assert len(integrity.examine(alice).faults) == 2
    own = prefix.known() or ""
    sweeping.sweep(own, clock.now())
    assert sweeping.sweep(own, clock.now() + timedelta(days=40)).removed == 2
    DamagedSegment.update(plays=12).execute()
    assert sorted(integrity.examine(alice).healed) == [2021, 2023]
    assert plays(alice) == before


def test_a_damaged_row_never_moves(files: Fragile, alice: int) -> None:
    PlaySegment.update(blob=b"damaged").where(PlaySegment.year == 2021).execute()
    assert moved() == 1
    assert moving.away() == [(alice, 2023)]


def test_coming_home_needs_one_call_and_the_objects_go_a_month_later(
    files: Fragile, alice: int, frozen: Frozen
) -> None:
    before = plays(alice)
    moved()
    own = prefix.known() or ""
    assert sum(moving.bring_home(*one) for one in moving.away()) == 2
    assert plays(alice) == before
    assert sweeping.sweep(own, clock.now()) == sweeping.Swept(2, 2, 0)
    frozen.forward(days=29)
    assert sweeping.sweep(own, clock.now()).removed == 0
    frozen.forward(days=1)
    assert sweeping.sweep(own, clock.now()).removed == 2
    assert sweeping.sweep(own, clock.now()) == sweeping.Swept(0, 0, 0)
    assert not UnusedObject.select().exists()
    assert plays(alice) == before


def test_objects_of_a_member_who_is_gone_go_in_the_round_after_the_one_that_finds_them(
    files: Fragile, alice: int, frozen: Frozen
) -> None:
    moved()
    own = prefix.known() or ""
    User.delete().where(User.id == alice).execute()
    frozen.forward(days=400)
    assert sweeping.sweep(own, clock.now()) == sweeping.Swept(2, 2, 0)
    frozen.forward(hours=1)  # by hand
    assert sweeping.sweep(own, clock.now()).removed == 0
    frozen.forward(hours=22)
    assert sweeping.sweep(own, clock.now()).removed == 2
    assert [one.key for one in files.list(own)] == [f"{own}/owner"]


def test_a_copy_of_the_database_takes_a_folder_of_its_own(
    files: Fragile, alice: int, frozen: Frozen
) -> None:
    before = plays(alice)
    moved()
    first = prefix.known() or ""
    (copied,) = [mark.note for mark in Mark.named("closed_years") if mark.note]
    frozen.forward(days=1)
    assert prefix.own(files, clock.now()) == first  # the original goes on
    # The copy still has the note of yesterday.
    Mark.put("closed_years", clock.now(), copied)
    frozen.forward(days=1)
    second = prefix.own(files, clock.now())
    assert second != first
    assert plays(alice) == before  # it reads what it refers to
    assert moved(clock.now() + timedelta(days=40)) == 2
    assert plays(alice) == before
    kept = [one.key for one in files.list(first)]
    sweeping.sweep(second, clock.now() + timedelta(days=400))
    assert [one.key for one in files.list(first)] == kept  # and never deletes it


def test_a_folder_is_kept_when_the_change_of_its_token_was_cut_off(
    files: Fragile, frozen: Frozen
) -> None:
    first = prefix.own(files, clock.now())
    for late in (False, True):
        for at in (1, 2):
            frozen.forward(days=1)
            files.calls, files.crash_at, files.late = 0, at, late
            with suppress(Crash):
                prefix.own(files, clock.now())
            files.crash_at = None
            frozen.forward(days=1)
            assert prefix.own(files, clock.now()) == first


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_moving_dies_at_every_step(files: Fragile, alice: int, frozen: Frozen, late: bool) -> None:
    before = plays(alice)
    for at in range(1, 60):
        files.calls, files.crash_at, files.late = 0, None, late
        with crashing(at, late=late) as saboteur:
            moved(clock.now() + timedelta(days=30))
        assert plays(alice) == before
        if not saboteur.dead:
            break
    assert len(moving.away()) == 2


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_moving_and_coming_home_die_at_every_call_of_storage(
    files: Fragile, alice: int, frozen: Frozen, late: bool
) -> None:
    before = plays(alice)

    def home() -> None:
        for one in moving.away():
            moving.bring_home(*one)

    for act, left in ((lambda: moved(clock.now() + timedelta(days=30)), 2), (home, 0)):
        for at in range(1, 60):
            files.calls, files.crash_at, files.late = 0, at, late
            with suppress(Crash):
                act()
            through = files.calls < at
            files.crash_at = None
            assert plays(alice) == before
            sweeping.sweep(prefix.known() or "", clock.now() + timedelta(days=40 * at))
            assert plays(alice) == before
            if through:
                break
        assert len(moving.away()) == left


def test_the_cache_is_bounded(files: Fragile, alice: int, monkeypatch) -> None:
    moved()
    forget_cache()
    size = sum(row.size for row in PlaySegment.select())
    monkeypatch.setattr(objects, "LARGEST", size - 1)
    history.frame(alice)
    assert objects._place.size < size
    files.calls = 0
    history.frame(alice)
    assert 1 <= files.calls <= 2
    monkeypatch.setattr(objects, "LARGEST", size)
    history.frame(alice)
    files.calls = 0
    history.frame(alice)
    assert files.calls == 0


def test_no_track_leaves_the_catalog_while_a_year_is_away(files: Fragile, alice: int) -> None:
    track("nobody's")
    moved()
    forget_cache()
    files.away = True
    assert references.free(clock.now()).complete is False
    files.away = False
    forget_cache()
    done = references.free(clock.now())
    assert (done.complete, done.condemned) == (True, 1)
