"""Every kind of damage is found, and what is whole again is taken in."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
import pytest

from audiospective import history
from audiospective.history import sealing, segment
from audiospective.history.catalog import frames
from audiospective.history.integrity import examine
from audiospective.models import DamagedSegment, PlaySegment, RemovedPlay
from tests.history.making import at, person, play, track

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> int:
    user, song, other = person("alice"), track("song"), track("other")
    for minute in range(10):
        play(user, at(minute), other if minute % 3 else song)
    sealing.seal(user, keep=1, trigger=0)
    return user


def rewrite(change: Any) -> None:
    """Store other plays with the right hash and count: what a faulty writer would do."""
    row = PlaySegment.get()
    plays = change(segment.decode(bytes(row.blob)))
    file = __import__("io").BytesIO()
    plays.write_parquet(file, compression="zstd", statistics=False)
    blob = file.getvalue()
    PlaySegment.update(
        blob=blob, sha256=hashlib.sha256(blob).hexdigest(), plays=plays.height
    ).execute()


def test_a_sound_archive_has_no_faults(alice: int) -> None:
    found = examine(alice)
    assert (found.segments, found.plays, found.faults, found.healed) == (1, 9, [], [])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda plays: plays.reverse(), "not in order"),
        (lambda plays: pl.concat([plays.head(1), plays]), "twice"),
        (lambda plays: plays.tail(-1), "first or last"),
        (lambda plays: plays.with_columns(mood=1), "mood"),
        (lambda plays: plays.cast({"track": pl.Int64}), "columns"),
    ],
)
def test_a_wrong_segment_is_set_aside(alice: int, change: Any, complaint: str) -> None:
    rewrite(change)
    (fault,) = examine(alice).faults
    assert complaint in fault
    assert DamagedSegment.select().count() == 1
    assert history.frame(alice).height == 1
    assert len(examine(alice).faults) == 1  # it is still missing


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"sha256": "0"}, "hash"),
        ({"blob": b"nothing"}, "hash"),
        ({"plays": 3}, "3 were noted"),
        ({"first_at": 5}, "first or last"),
        ({"last_at": 5}, "first or last"),
        ({"year": 2020}, "another year"),
        ({"format": 9}, "format 9"),
    ],
)
def test_a_wrong_note_beside_it_is_damage(
    alice: int, columns: dict[str, Any], complaint: str
) -> None:
    PlaySegment.update(**columns).execute()
    (fault,) = examine(alice).faults
    assert complaint in fault


def test_a_track_that_the_catalog_lacks_is_a_fault_but_no_damage(alice: int) -> None:
    rewrite(lambda plays: plays.with_columns(track=pl.col("track") + 1_000))
    (fault,) = examine(alice).faults
    assert "2 of its tracks" in fault
    assert history.frame(alice).height == 10
    assert history.recent(alice)[-1].title == ""


def test_what_is_found_is_told_even_if_the_catalog_cannot_be_asked(
    alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_tracks: pl.Series) -> pl.DataFrame:
        raise ValueError("a block of the catalog")

    monkeypatch.setattr(frames, "of", broken)
    found = examine(alice)
    (fault,) = found.faults
    assert "not all of it could be examined (ValueError)" in fault
    assert (found.segments, found.plays) == (1, 9)


def test_a_deleted_play_that_is_still_there_is_a_fault(alice: int) -> None:
    one = history.frame(alice).row(0, named=True)
    RemovedPlay.create(user=alice, played_at=at(0), track=one["track"], removed_at=one["played_at"])
    (fault,) = examine(alice).faults
    assert "1 deleted plays" in fault


def test_bytes_that_were_put_back_are_taken_in(alice: int) -> None:
    before = history.frame(alice)
    blob = bytes(PlaySegment.get().blob)
    PlaySegment.update(blob=blob[:-1] + b"?").execute()
    assert examine(alice).faults
    play(alice, at(3.5), 1)  # the year went on meanwhile
    sealing.seal(alice, keep=0, trigger=0)
    DamagedSegment.update(blob=blob).execute()
    found = examine(alice)
    assert (found.healed, found.faults, found.plays) == ([2026], [], 11)
    assert DamagedSegment.select().count() == 0
    assert before.join(history.frame(alice), on=segment.KEY, how="anti").is_empty()
    assert history.total(alice) == 11
