"""One way to read plays: only what is needed, whatever is where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import polars as pl
import pytest
from polars.exceptions import PanicException

from audiospective import clock, history
from audiospective.history import integrity, reading, sealing, segment, segment_store
from audiospective.history.closed.away import YearAwayError
from audiospective.models import DamagedSegment, PlaySegment, RemovedPlay, User
from tests.history.closing import tolerated
from tests.history.making import at, person, play, track

pytestmark = pytest.mark.usefixtures("database")


def moment(year: int, month: int = 6, hour: int = 12) -> int:
    return clock.to_ms(datetime(year, month, 1, hour, tzinfo=UTC))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The years of the segments that were opened."""
    years: list[int] = []
    original: Callable[..., pl.DataFrame] = segment_store.opened

    def spy(row: PlaySegment, *args: Any) -> pl.DataFrame:
        years.append(row.year)
        return original(row, *args)

    together = segment_store.opened_all

    def spy_all(*args: Any) -> dict[int, pl.DataFrame]:
        found = together(*args)
        years.extend(found)
        return found

    monkeypatch.setattr(segment_store, "opened", spy)
    monkeypatch.setattr(segment_store, "opened_all", spy_all)
    return years


@pytest.fixture
def alice() -> int:
    """Plays in four years; all but the two newest are sealed."""
    user = person("alice")
    song = track("song", ("One", "Two"), "Album")
    for year in (2022, 2023, 2024, 2025):
        for hour in range(6):
            play(user, moment(year, hour=hour), song)
    sealing.seal(user, keep=2, trigger=0)
    return user


def test_only_overlapping_segments_are_opened(alice: int, opened: list[int]) -> None:
    start, end = datetime(2023, 2, 1, tzinfo=UTC), datetime(2024, 6, 1, 3, tzinfo=UTC)
    found = history.frame(alice, start, end)
    assert opened == [2023, 2024]
    assert found.height == 6 + 3


def test_a_span_between_two_plays_opens_nothing(alice: int, opened: list[int]) -> None:
    found = history.frame(alice, datetime(2023, 7, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC))
    assert (opened, found.height) == ([], 0)


def test_the_newest_page_opens_no_segment(alice: int, opened: list[int]) -> None:
    assert len(history.recent(alice, limit=2)) == 2
    assert opened == []


def test_the_next_page_opens_the_newest_year_only(alice: int, opened: list[int]) -> None:
    before = history.recent(alice, limit=2)[-1].played_at
    page = history.recent(alice, limit=3, before=before)
    assert [one.played_at.hour for one in page] == [3, 2, 1]
    assert opened == [2025]


def test_counting_opens_nothing(alice: int, opened: list[int]) -> None:
    assert history.total(alice) == 24
    assert opened == []


def test_counting_with_late_plays_opens_only_their_years(alice: int, opened: list[int]) -> None:
    play(alice, moment(2024, hour=1), 1)  # sealed already
    play(alice, moment(2024, hour=23), 1)
    assert history.total(alice) == 25
    assert set(opened) == {2024, 2025}


def test_only_the_columns_that_are_asked_for(alice: int) -> None:
    found = history.frame(alice, columns=["track", "album", "artist"])
    assert found.columns == ["track", "album", "artist"]
    assert found.n_unique() == 1
    assert None not in found.row(0)
    assert history.frame(alice).columns == list(segment.COLUMNS)
    with pytest.raises(ValueError, match="mood"):
        history.frame(alice, columns=["mood"])


def test_an_archive_without_plays_has_all_columns() -> None:
    bob = person("bob")
    assert history.frame(bob).schema == segment.SCHEMA
    assert history.frame(bob, columns=["artist", "played_at"]).height == 0
    assert history.total(bob) == 0


def test_a_track_without_album_or_artist_has_none(alice: int) -> None:
    bob, bare = person("bob"), track("bare", ())
    play(bob, at(0), bare)
    assert history.frame(bob, columns=["album", "artist"]).rows() == [(None, None)]


def test_a_play_in_row_and_segment_is_there_once(alice: int) -> None:
    play(alice, moment(2023, hour=1), 1, context="spotify:late")
    found = history.frame(alice)
    assert found.height == history.total(alice) == 24
    assert found.filter(pl.col("context") == "spotify:late")["played_at"].to_list() == [
        datetime(2023, 6, 1, 1, tzinfo=UTC)
    ]


def test_a_tombstone_hides_even_what_is_sealed(alice: int) -> None:
    RemovedPlay.create(user=alice, played_at=moment(2023), track=1, removed_at=clock.now())
    assert history.frame(alice).height == 24  # there is no play of noon
    RemovedPlay.create(user=alice, played_at=moment(2023, hour=0), track=1, removed_at=clock.now())
    assert history.frame(alice).height == 23


def test_reading_everything_piece_by_piece_opens_one_segment_at_a_time(
    alice: int, opened: list[int]
) -> None:
    play(alice, moment(2021, hour=1), 1)
    play(alice, moment(2026, hour=1), 1)
    whole = history.frame(alice)
    opened.clear()
    pieces = []
    for number, span in enumerate(reading.spans(alice), 1):
        pieces.append(history.frame(alice, *span))
        assert len(opened) == number
    assert opened == [2022, 2023, 2024, 2025]
    assert pl.concat(pieces).equals(whole)
    assert reading.spans(person("bob")) == [(None, None)]


def test_a_deleted_account_leaves_nothing(alice: int) -> None:
    bob = person("bob")
    play(bob, at(0), 1)
    assert history.footprint(alice) > history.footprint(bob) > 0
    PlaySegment.update(sha256="0").where(PlaySegment.year == 2022).execute()
    history.frame(alice)
    RemovedPlay.create(user=alice, played_at=1, track=1, removed_at=clock.now())
    User.delete_by_id(alice)
    for model in (PlaySegment, DamagedSegment, RemovedPlay):
        assert model.select().count() == 0
    assert history.total(bob) == 1


class TestDamage:
    """A damaged year is set aside, whole, and the others go on."""

    def spoil(self, alice: int, year: int, **columns: Any) -> None:
        where = (PlaySegment.user == alice) & (PlaySegment.year == year)
        PlaySegment.update(**columns).where(where).execute()

    def test_a_flipped_bit_is_never_read(self, alice: int) -> None:
        blob = bytearray(PlaySegment.get(PlaySegment.year == 2023).blob)
        blob[len(blob) // 2] ^= 1
        self.spoil(alice, 2023, blob=bytes(blob))
        assert history.frame(alice)["played_at"].dt.year().unique().to_list() == [2022, 2024, 2025]
        damaged = DamagedSegment.get()
        assert (damaged.year, bytes(damaged.blob)) == (2023, bytes(blob))
        assert "hash" in damaged.reason
        assert history.total(alice) == history.frame(alice).height == 18

    def test_bytes_that_are_no_segment_keep_no_other_year_away(self, alice: int) -> None:
        blob = b"PAR1 and no more"
        self.spoil(alice, 2023, blob=blob, sha256=hashlib.sha256(blob).hexdigest())
        assert history.frame(alice)["played_at"].dt.year().unique().to_list() == [2022, 2024, 2025]
        assert bytes(DamagedSegment.get().blob) == blob

    @pytest.mark.parametrize(
        "error", [PanicException("no thread"), OSError("no file"), MemoryError()]
    )
    def test_a_process_with_nothing_left_to_read_with_sets_no_sound_year_aside(
        self, alice: int, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        """Polars panics where a host lets it make no threads: every year would have gone."""
        before = history.frame(alice)
        with monkeypatch.context() as strained:
            strained.setattr(pl, "collect_all", Mock(side_effect=error))
            with pytest.raises(YearAwayError):
                history.frame(alice)
            with tolerated() as missing:
                assert history.frame(alice).height == reading.from_rows(alice).height
            assert missing == {2022, 2023, 2024, 2025}
            assert integrity.examine(alice).unread
        assert not DamagedSegment.select().exists()
        assert history.frame(alice).equals(before)

    def test_a_wrong_count_is_damage_too(self, alice: int) -> None:
        self.spoil(alice, 2023, plays=7)
        assert history.frame(alice).height == 18
        assert "7 were noted" in DamagedSegment.get().reason

    def test_the_year_goes_on(self, alice: int) -> None:
        self.spoil(alice, 2025, sha256="0" * 64)
        play(alice, moment(2025, 12), 1)
        assert sealing.seal(alice, keep=0, trigger=0) == 3
        assert history.frame(alice).height == 18 + 3
        assert DamagedSegment.select().count() == 1
        assert PlaySegment.get(PlaySegment.year == 2025).plays == 3

    def test_leafing_passes_over_it(self, alice: int) -> None:
        self.spoil(alice, 2024, sha256="0" * 64)
        page = history.recent(alice, limit=50)
        assert [one.played_at.year for one in page] == [2025] * 6 + [2023] * 6 + [2022] * 6
