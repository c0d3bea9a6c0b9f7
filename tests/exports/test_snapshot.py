"""A snapshot is the archive at one moment, whatever happens to the archive afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audiospective import clock, history
from audiospective.exports.bundle import state
from audiospective.exports.snapshot import RestlessError, load
from audiospective.history import one_look, reading, removal, replacing, sealing, segment
from audiospective.history.catalog import polled as catalog
from audiospective.models import PlaySegment
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy.plays import TrackFacts
from tests.exports.making import archive, hard_plays, plays_of, polled, song, taken

pytestmark = pytest.mark.usefixtures("database")


class StoppedError(Exception):
    pass


class Answered(list[Coverage]):
    """What a query told before something else was written."""

    def where(self, _condition: object) -> Answered:
        return self

    def order_by(self, _column: object) -> Answered:
        return self


def at_hour(hour: int) -> datetime:
    return datetime(2025, 5, 1, hour, tzinfo=UTC)


def test_it_holds_every_play_and_every_track_once(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    found = taken(user_id, tmp_path)
    plays = plays_of(user_id)
    assert found.plays == plays.height
    assert found.tracks["track"].to_list() == plays["track"].unique().sort().to_list()
    (told,) = list(found.slices())
    assert told.equals(plays)


def test_later_plays_and_deletions_do_not_show(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    before = plays_of(user_id)
    found = taken(user_id, tmp_path)
    newcomer = song("Later", "Odd Lots")
    history.absorb(user_id, segment.of([polled(datetime(2026, 1, 1, tzinfo=UTC), newcomer)]))
    removal.remove(user_id, [(clock.to_ms(before["played_at"][0]), before["track"][0])])
    (told,) = list(found.slices())
    assert told.equals(before)


@pytest.mark.parametrize("when", ["while it is taken", "afterwards"])
@pytest.mark.parametrize("deleted", [True, False], ids=["undone", "deleted"])
def test_a_deletion_or_its_undo_meanwhile_leaves_each_play_in_one_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, deleted: bool
) -> None:
    at, one = datetime(2025, 1, 1, tzinfo=UTC), song("Slack Water", "Harbour Lights")
    user_id = archive(polled(at, one))
    keys = [(clock.to_ms(at), one)]
    if deleted:
        removal.remove(user_id, keys)
    change = removal.restore if deleted else removal.remove
    read = history.reading.frame

    def frame(*told: object) -> pl.DataFrame:
        plays = read(*told)
        change(user_id, keys)
        return plays

    if when == "while it is taken":
        monkeypatch.setattr(history.reading, "frame", frame)
    found = taken(user_id, tmp_path)
    monkeypatch.undo()
    if when == "afterwards":
        change(user_id, keys)
    (plays,) = list(found.slices())
    again = load(tmp_path)
    assert again is not None
    for one_of in (found, again):
        told = pl.read_parquet(BytesIO(state.removed(one_of)))
        gone = deleted == (when == "afterwards")  # what changes meanwhile is read again
        assert (plays.height, told.height) == ((0, 1) if gone else (1, 0))


def test_plays_that_an_import_makes_rows_again_meanwhile_are_in_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = song("Slack Water", "Harbour Lights")
    user_id = archive(*(polled(datetime(2024, month, 1, tzinfo=UTC), one) for month in (3, 6, 9)))
    sealing.seal(user_id, keep=0, trigger=0)
    look, changes = one_look.plays, []

    def plays(*told: int) -> Any:
        seen = look(*told)
        if not changes:
            changes.append(True)
            before = replacing.snapshot(user_id)
            replacing.replace(user_id, before, before.plays.tail(2))
        return seen

    monkeypatch.setattr(one_look, "plays", plays)
    found = taken(user_id, tmp_path)
    assert PlaySegment.select().count() == 0
    again = load(tmp_path)
    assert again is not None
    for made in (found, again):
        assert pl.concat(made.slices())["played_at"].dt.month().to_list() == [6, 9]


def test_no_copy_is_used_of_an_archive_that_changes_during_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = song("Slack Water", "Harbour Lights")
    user_id = archive(*(polled(datetime(2024, month, 1, tzinfo=UTC), one) for month in (3, 6, 9)))
    sealing.seal(user_id, keep=0, trigger=0)
    whole, look, lengths = (0, clock.to_ms(datetime(2025, 1, 1, tzinfo=UTC))), one_look.plays, []

    def plays(*told: int) -> Any:
        seen = look(*told)
        monkeypatch.setattr(one_look, "plays", look)
        before = reading.between(user_id, *whole, segment.COLUMNS)
        lengths.append(len(lengths) + 1)
        # As a player that sends the past does it: what was sealed is a row afterwards.
        heard = before.with_columns(ms_played=pl.lit(lengths[-1], pl.Int32))
        replacing.replace_part(user_id, whole, before, heard)
        monkeypatch.setattr(one_look, "plays", plays)
        return seen

    monkeypatch.setattr(one_look, "plays", plays)
    with pytest.raises(RestlessError):
        taken(user_id, tmp_path)
    assert load(tmp_path) is None
    monkeypatch.undo()
    assert taken(user_id, tmp_path).plays == 3


def test_what_the_polls_of_others_teach_the_catalog_meanwhile_makes_no_copy_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = archive(*hard_plays())
    catalog.remember([TrackFacts("of bob", "Fathom", duration_ms=1)])
    read, copies = reading.spans, []

    def spans(*told: int) -> object:
        copies.append(True)
        catalog.remember([TrackFacts("of bob", "Fathom", duration_ms=1 + len(copies))])
        return read(*told)

    monkeypatch.setattr(reading, "spans", spans)
    assert taken(user_id, tmp_path).plays == plays_of(user_id).height
    assert len(copies) == 1


def test_a_gap_that_a_poll_finds_meanwhile_is_open_and_uncovered_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = archive(polled(at_hour(1), song("Slack Water", "Harbour Lights")))
    Coverage.create(user=user_id, started_at=at_hour(0), ended_at=at_hour(10))
    read = Coverage.select

    def select(*told: object) -> object:
        rows = list(read(*told).where(Coverage.user == user_id))
        monkeypatch.undo()
        Coverage.cut(user_id, at_hour(6), at_hour(11))
        Gap.create(user=user_id, started_at=at_hour(6), probably_from=at_hour(6),
                   ended_at=at_hour(11), cause="late", certainty="possible",
                   opened_at=at_hour(12))  # fmt: skip
        return Answered(rows)

    monkeypatch.setattr(Coverage, "select", select)
    coverage = taken(user_id, tmp_path).coverage
    assert coverage.as_stretches() == [(at_hour(0), at_hour(6))]
    assert [one.ended_at for one in coverage.as_gaps()] == [at_hour(11)]


def test_only_the_owners_plays_are_in_it(tmp_path: Path) -> None:
    one = song("Slack Water", "Harbour Lights")
    alice = archive(polled(datetime(2025, 1, 1, tzinfo=UTC), one))
    archive(polled(datetime(2025, 1, 2, tzinfo=UTC), one), name="bob")
    assert taken(alice, tmp_path).plays == 1


def test_whoever_watches_is_told_of_every_play_and_may_stop(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    seen: list[int] = []

    def tick(plays: int) -> None:
        seen.append(plays)
        if len(seen) == 2:
            raise StoppedError

    found = taken(user_id, tmp_path).watched(tick)
    with pytest.raises(StoppedError):
        list(found.slices(size=10))
    assert seen == [10, 10]
